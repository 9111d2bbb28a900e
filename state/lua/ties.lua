-- Who knows whom, for a batch of ties, in order.
--
-- A member's `tie` set holds those whom the member has approached or accepted, with the first time as score. For the sender
-- a recipient is known when the recipient's set holds the sender from before the event: a reply, or an accepted request.
-- An answer does not say what its invitation was to. Where it is read before the invitation it waits in the target's
-- `answers` set (member and other, with the time as score) until the invitation says so.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {cap, seconds to live of ties and targets, seconds that an answer waits, {operation, ...}}, an operation
--          being one of
--          {"approach", time, member, {other, ...}}      member approaches others: remember
--          {"ask", time, {member, ...}, other}           had each of these members approached other before this time?
--          {"kind", target, kind}                        remember what an invitation's target is
--          {"answer", time, member, other, target, yes}  remember as an approach if yes and target is a project
-- returns  msgpack, parallel to the operations: "" for approach and kind, a string of "0" and "1" for ask, the kind of the
--          target ("" when unknown) for answer

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local cap, ttl, waiting_ttl, operations = request[1], request[2], request[3], request[4]
local MEMBER_BYTES = 8

local function text(number)
  return string.format('%.0f', number)
end

-- Keep the `size` entries of a set with the highest scores.
local function limit(key, size)
  if redis.call('ZCARD', key) > size then
    redis.call('ZREMRANGEBYRANK', key, 0, -size - 1)
  end
end

local function remember(time, member, others)
  local key = prefix .. 'tie:' .. member
  local score = text(time)
  -- 1,000 others at a time: Lua's unpack has a limit
  for start = 1, #others, 1000 do
    local arguments = {}
    for i = start, math.min(start + 999, #others) do
      arguments[#arguments + 1] = score
      arguments[#arguments + 1] = others[i]
    end
    redis.call('ZADD', key, 'LT', unpack(arguments))
  end
  redis.call('EXPIRE', key, ttl)
  limit(key, cap)
end

local function wait(time, target, member, other)
  local key = prefix .. 'answers:' .. target
  redis.call('ZADD', key, 'LT', text(time), member .. other)
  redis.call('EXPIRE', key, waiting_ttl)
  limit(key, cap)
end

local function learn_kind(target, kind)
  redis.call('SET', prefix .. 'target:' .. target, kind, 'EX', ttl)
  local key = prefix .. 'answers:' .. target
  local waiting = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #waiting, 2 do
    if kind == 'project' then
      local member, other = string.sub(waiting[i], 1, MEMBER_BYTES), string.sub(waiting[i], MEMBER_BYTES + 1)
      remember(tonumber(waiting[i + 1]), member, {other})
    end
  end
  if #waiting > 0 then
    redis.call('DEL', key)
  end
end

local function ask(time, members, other)
  local known = {}
  for i, member in ipairs(members) do
    local since = redis.call('ZSCORE', prefix .. 'tie:' .. member, other)
    known[i] = (since and tonumber(since) < time) and '1' or '0'
  end
  return table.concat(known)
end

local function answer(time, member, other, target, yes)
  local kind = redis.call('GET', prefix .. 'target:' .. target) or ''
  if yes == 1 and kind == 'project' then
    remember(time, member, {other})
  elseif yes == 1 and kind == '' then
    wait(time, target, member, other)
  end
  return kind
end

local answers = {}
for index, operation in ipairs(operations) do
  local kind = operation[1]
  local result = ''
  if kind == 'approach' then
    remember(operation[2], operation[3], operation[4])
  elseif kind == 'ask' then
    result = ask(operation[2], operation[3], operation[4])
  elseif kind == 'kind' then
    learn_kind(operation[2], operation[3])
  else
    result = answer(operation[2], operation[3], operation[4], operation[5], operation[6])
  end
  answers[index] = result
end
return cmsgpack.pack(answers)
