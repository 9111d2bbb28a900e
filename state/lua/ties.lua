-- Who knows whom, for a batch of ties, in order.
--
-- A member's `tie` set holds those whom the member has approached or accepted, with the first time as score. For the sender
-- a recipient is known when the recipient's set holds the sender from before the event: a reply, or an accepted request.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {cap, ttl in seconds, {operation, ...}}, an operation being one of
--          {"approach", time, member, {other, ...}}      member approaches others: remember
--          {"ask", time, {member, ...}, other}           had each of these members approached other before this time?
--          {"kind", target, kind}                        remember what an invitation's target is
--          {"answer", time, member, other, target, yes}  remember as an approach if yes and target is a project
-- returns  msgpack, parallel to the operations: "" for approach and kind, a string of "0" and "1" for ask, the kind of the
--          target ("" when unknown) for answer

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local cap, ttl, operations = request[1], request[2], request[3]

local function text(number)
  return string.format('%.0f', number)
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
  if redis.call('ZCARD', key) > cap then
    redis.call('ZREMRANGEBYRANK', key, 0, -cap - 1)
  end
end

local answers = {}
for index, operation in ipairs(operations) do
  local kind = operation[1]
  local answer = ''
  if kind == 'approach' then
    remember(operation[2], operation[3], operation[4])
  elseif kind == 'ask' then
    local known = {}
    for i, member in ipairs(operation[3]) do
      local since = redis.call('ZSCORE', prefix .. 'tie:' .. member, operation[4])
      known[i] = (since and tonumber(since) < operation[2]) and '1' or '0'
    end
    answer = table.concat(known)
  elseif kind == 'kind' then
    redis.call('SET', prefix .. 'target:' .. operation[2], operation[3], 'EX', ttl)
  else
    answer = redis.call('GET', prefix .. 'target:' .. operation[5]) or ''
    if operation[6] == 1 and answer == 'project' then
      remember(operation[2], operation[3], {operation[4]})
    end
  end
  answers[index] = answer
end
return cmsgpack.pack(answers)
