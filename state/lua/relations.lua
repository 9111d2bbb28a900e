-- Who knows whom, and who was asked what, for a batch of relations, in order.
--
-- A member's `relation` set holds those whom the member has approached or accepted, with the first time as score, or with a later
-- one where they were approached again long after: so that each relation ends by itself, however busy its member is. For the sender
-- a recipient is known when the recipient's set holds the sender from before the event: a reply, or an accepted request.
--
-- An answer counts where its question has been seen and is not younger. `asked:` is a set per asker: who was asked and what, with
-- the first time. Of an answer that is read before its question nothing counts yet: it waits in `answers:`, a set per
-- answerer (asker, what is answered, 1 for yes or 0 for no; the latest time), and counts by the question, as soon as that is read.
-- There it stays, so that the answer and its question, where they come again, are answered as they were: an answer that is no
-- younger than one like it that waits is taken to have waited, too. Forged answers fill the forger's own set and no other.
--
-- The two members of a question may be kept in two shards. Then the asker's shard knows all that the asker asked, and each other
-- shard knows who of its own members were asked: both decide alike, and each adds to the relations of its own member. So does the shard
-- of a project, which adds to the project's partners.
--
-- Partners of a project know each other. Whoever accepts joins the `circle:`s (sets with times of joining) of that project in
-- which the asker stands, or one of the asker's own: an invitation by somebody whom no partner has ever invited makes nobody
-- known to the others. `in:` is a set per member: project and circle, with the time of joining.
--
-- `talk:` is a hash per conversation: member -> {who addressed the member first, when}; under the empty name, who opened it and when.
-- Who was addressed in a conversation that somebody else opened knows those whom others have addressed there.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {cap, seconds to live of relations and questions, seconds that an answer waits, {operation, ...}}, an operation
--          being one of
--          {"approach", time, member, {other, ...}}      member approaches others: remember
--          {"ask", time, {member, ...}, other}           had each of these members approached other before this time?
--          {"question", time, asker, what, name of its answers, 1 if yes acquaints, {other, ...}, whose relations, circle}
--          {"answer", time, member, asker, {{what, 1 if yes acquaints}, ...} what it may answer, its name, 1 for yes, whose relations,
--          circle}
--          {"partners", time, member, {other, ...}}      which of these have been partners of member before this time?
--          {"talk", time, member, {other, ...}, conversation, 1 if asked}  member addresses others: remember; do they know each other?
--          whose relations: the sum of 1 the asker's, 2 the other's, 4 the project's; circle: the asker's own
-- returns  msgpack, parallel to the operations: "" for approach; a string of "0" and "1" for ask, and for partners and talk, or "" where
--          that is nobody; for question a digit for each other: 1 if a no has been waiting for it, 2 for a yes, 3 for both, else 0; for
--          answer "1" if it counts by itself, else "0"

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local cap, ttl, waiting_ttl, operations = request[1], request[2], request[3], request[4]

local ASKERS, ANSWERERS, PROJECTS = 1, 2, 4
local NAME = 8       -- bytes of the name of a member, a project or a circle
local CIRCLES = 50   -- of one member: the latest
local SPOKEN = 1000  -- members of one conversation: the first

local function text(number)
  return string.format('%.0f', number)
end

-- Keep the `size` entries of a set with the highest scores.
local function limit(key, size)
  if redis.call('ZCARD', key) > size then
    redis.call('ZREMRANGEBYRANK', key, 0, -size - 1)
  end
end

-- Adds members to a set with a time.
local function add(key, time, members, most)
  local score = text(time)
  -- 1,000 members at a time: Lua's unpack has a limit
  for start = 1, #members, 1000 do
    local arguments = {}
    for i = start, math.min(start + 999, #members) do
      arguments[#arguments + 1] = score
      arguments[#arguments + 1] = members[i]
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
  limit(key, most or cap)
end

local function remember(time, member, others)
  add(prefix .. 'relation:' .. member, time, others)
end

local function ask(time, members, other)
  local known = {}
  for i, member in ipairs(members) do
    local since = redis.call('ZSCORE', prefix .. 'relation:' .. member, other)
    known[i] = (since and tonumber(since) < time) and '1' or '0'
  end
  return table.concat(known)
end

local function join(time, asker, other, project, circle)
  local circles = {}
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'in:' .. asker, '-inf', text(time))) do
    if string.sub(entry, 1, NAME) == project then
      circles[#circles + 1] = string.sub(entry, NAME + 1)
    end
  end
  if #circles == 0 then
    circles = {circle}
    add(prefix .. 'in:' .. asker, time, {project .. circle}, CIRCLES)
    add(prefix .. 'circle:' .. circle, time, {asker})
  end
  for _, one in ipairs(circles) do
    add(prefix .. 'in:' .. other, time, {project .. one}, CIRCLES)
    add(prefix .. 'circle:' .. one, time, {other})
  end
end

local function acquaint(time, asker, other, whose, project, circle)
  if bit.band(whose, ASKERS) > 0 then
    remember(time, asker, {other})
  end
  if bit.band(whose, ANSWERERS) > 0 then
    remember(time, other, {asker})
  end
  if bit.band(whose, PROJECTS) > 0 then
    join(time, asker, other, project, circle)
  end
end

local function partners(time, member, others)
  local circles = redis.call('ZREVRANGEBYSCORE', prefix .. 'in:' .. member, '(' .. text(time), '-inf')
  local known = {}
  for _, entry in ipairs(circles) do
    for start = 1, #others, 1000 do
      local finish = math.min(start + 999, #others)
      local key = prefix .. 'circle:' .. string.sub(entry, NAME + 1)
      for i, since in ipairs(redis.call('ZMSCORE', key, unpack(others, start, finish))) do
        if since and tonumber(since) < time then
          known[start + i - 1] = '1'
        end
      end
    end
  end
  if not next(known) then
    return ''
  end
  for i = 1, #others do
    known[i] = known[i] or '0'
  end
  return table.concat(known)
end

local function talk(time, member, others, conversation, asked)
  local key = prefix .. 'talk:' .. conversation
  local fields, stored = {'', member}, {}
  for i, other in ipairs(others) do
    fields[i + 2] = other
  end
  for start = 1, #fields, 1000 do
    local finish = math.min(start + 999, #fields)
    for i, value in ipairs(redis.call('HMGET', key, unpack(fields, start, finish))) do
      stored[start + i - 1] = value
    end
  end
  -- a talk of two is known by its answers
  if not stored[1] and #others < 2 then
    return ''
  end
  local function before(value)
    return value and tonumber(string.sub(value, NAME + 1)) < time
  end
  local entry, written = member .. text(time), {}
  local room = SPOKEN - redis.call('HLEN', key)
  for i, value in ipairs(stored) do
    local is_earlier = value and tonumber(string.sub(value, NAME + 1)) > time
    if i ~= 2 and (is_earlier or (not value and room > 0)) then
      written[#written + 1], written[#written + 2] = fields[i], entry
      room = room - (value and 0 or 1)
    end
  end
  for start = 1, #written, 1000 do
    redis.call('HSET', key, unpack(written, start, math.min(start + 999, #written)))
  end
  redis.call('EXPIRE', key, ttl)
  local function by_another(value)
    return before(value) and string.sub(value, 1, NAME) ~= member
  end
  if asked ~= 1 or not by_another(stored[1]) or not by_another(stored[2]) then
    return ''
  end
  local opener, known = string.sub(stored[1], 1, NAME), {}
  for i, other in ipairs(others) do
    known[i] = (other == opener or by_another(stored[i + 2])) and '1' or '0'
  end
  return table.concat(known)
end

-- Whether any of these members has an answer that waits.
local function anybody_waits(members)
  for start = 1, #members, 1000 do
    local keys = {}
    for i = start, math.min(start + 999, #members) do
      keys[#keys + 1] = prefix .. 'answers:' .. members[i]
    end
    if redis.call('EXISTS', unpack(keys)) > 0 then
      return true
    end
  end
  return false
end

local function question(time, asker, what, name, acquaints, others, whose, circle)
  local asked = {}
  for i, other in ipairs(others) do
    asked[i] = other .. what
  end
  add(prefix .. 'asked:' .. asker, time, asked)
  if not anybody_waits(others) then
    return string.rep('0', #others)
  end
  local found = {}
  for i, other in ipairs(others) do
    local times = redis.call('ZMSCORE', prefix .. 'answers:' .. other, asker .. name .. '0', asker .. name .. '1')
    local no, yes = tonumber(times[1] or nil), tonumber(times[2] or nil)
    yes = yes and yes >= time and yes
    found[i] = (no and no >= time and 1 or 0) + (yes and 2 or 0)
    if yes and acquaints == 1 then
      acquaint(yes, asker, other, whose, what, circle)
    end
  end
  return table.concat(found)
end

local function wait(key, time, entry)
  redis.call('ZADD', key, 'GT', text(time), entry)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. text(time - waiting_ttl * 1000000))
  redis.call('EXPIRE', key, waiting_ttl)
  limit(key, cap)
end

local function answer(time, member, asker, questions, name, yes, whose, circle)
  local waiting, entry = prefix .. 'answers:' .. member, asker .. name .. yes
  local waits = redis.call('ZSCORE', waiting, entry)
  if waits and tonumber(waits) >= time then
    return '0'
  end
  local asked, acquaints = false, false
  for _, one in ipairs(questions) do
    local since = redis.call('ZSCORE', prefix .. 'asked:' .. asker, member .. one[1])
    if since and tonumber(since) <= time then
      asked, acquaints = true, acquaints or one[2] == 1
    end
  end
  if not asked then
    wait(waiting, time, entry)
    return '0'
  end
  if yes == 1 and acquaints then
    acquaint(time, asker, member, whose, questions[1][1], circle)
  end
  return '1'
end

local answers = {}
for index, operation in ipairs(operations) do
  local kind = operation[1]
  local result = ''
  if kind == 'approach' then
    remember(operation[2], operation[3], operation[4])
  elseif kind == 'ask' then
    result = ask(operation[2], operation[3], operation[4])
  elseif kind == 'partners' then
    result = partners(operation[2], operation[3], operation[4])
  elseif kind == 'talk' then
    result = talk(unpack(operation, 2))
  elseif kind == 'question' then
    result = question(unpack(operation, 2))
  else
    result = answer(unpack(operation, 2))
  end
  answers[index] = result
end
return cmsgpack.pack(answers)
