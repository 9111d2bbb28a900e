-- Who knows whom, for a batch of ties, in order.
--
-- A member's `tie` set holds those whom the member has approached or accepted, with the first time as score, or with a later
-- one where they were approached again long after: so that each tie ends by itself, however busy its member is. For the sender
-- a recipient is known when the recipient's set holds the sender from before the event: a reply, or an accepted request.
-- An answer does not say what its invitation was to. `target:` remembers that, and since when: "project 1700000000000000".
-- Where an answer is read before the invitation it waits in the target's `answers` set (member, other and time, with the
-- time as score) until the invitation says so. An invitation that is younger says nothing about it.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {cap, seconds to live of ties and targets, seconds that an answer waits, {operation, ...}}, an operation
--          being one of
--          {"approach", time, member, {other, ...}}      member approaches others: remember
--          {"ask", time, {member, ...}, other}           had each of these members approached other before this time?
--          {"kind", time, target, kind}                  remember what an invitation's target is
--          {"answer", time, member, other, target, yes}  remember as an approach if yes and target is a project
-- returns  msgpack, parallel to the operations: "" for approach and kind, a string of "0" and "1" for ask, the kind of the
--          target ("" when unknown) for answer

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local cap, ttl, waiting_ttl, operations = request[1], request[2], request[3], request[4]
local MEMBER_BYTES = 8
local AT_ONCE = 500  -- answers that an invitation finds waiting

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
    -- whom one goes on turning to stays known: what is older than half of its time becomes as old as that
    for i = 1, #arguments, 2 do
      arguments[i] = text(time - ttl * 500000)
    end
    redis.call('ZADD', key, 'XX', 'GT', unpack(arguments))
  end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. text(time - ttl * 1000000))
  redis.call('EXPIRE', key, ttl)
  limit(key, cap)
end

local function wait(time, target, member, other)
  local key = prefix .. 'answers:' .. target
  redis.call('ZADD', key, text(time), member .. other .. text(time))
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. text(time - waiting_ttl * 1000000))
  redis.call('EXPIRE', key, waiting_ttl)
  limit(key, cap)
end

-- The kind of a target and the time of the first invitation to it.
local function target_of(key)
  local stored = redis.call('GET', key)
  if not stored then
    return '', nil
  end
  local kind, since = string.match(stored, '^(%a+) (%-?%d+)$')
  return kind, tonumber(since)
end

local function learn_kind(time, target, kind)
  local key = prefix .. 'target:' .. target
  local before, since = target_of(key)
  if before == kind then
    time = math.min(time, since)
  end
  redis.call('SET', key, kind .. ' ' .. text(time), 'EX', ttl)
  if kind ~= 'project' then
    return
  end
  local waiting_key = prefix .. 'answers:' .. target
  -- some at a time: the next invitation to the target asks for the rest
  local waiting = redis.call('ZRANGEBYSCORE', waiting_key, text(time), '+inf', 'WITHSCORES', 'LIMIT', 0, AT_ONCE)
  for i = 1, #waiting, 2 do
    local member, other = string.sub(waiting[i], 1, MEMBER_BYTES), string.sub(waiting[i], MEMBER_BYTES + 1, 2 * MEMBER_BYTES)
    remember(tonumber(waiting[i + 1]), member, {other})
    redis.call('ZREM', waiting_key, waiting[i])
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
  local kind, since = target_of(prefix .. 'target:' .. target)
  if yes == 1 and kind == 'project' and since <= time then
    remember(time, member, {other})
  elseif yes == 1 and kind ~= 'event' then
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
    learn_kind(operation[2], operation[3], operation[4])
  else
    result = answer(operation[2], operation[3], operation[4], operation[5], operation[6])
  end
  answers[index] = result
end
return cmsgpack.pack(answers)
