-- Who knows whom, and who was asked what, for a batch of relations, in order: `state/relations.py` says what that means.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {cap, seconds to live of relations and questions, seconds that an answer waits, {operation, ...}}, an operation
--          being one of
--          {"approach", time, member, {other, ...}}      member approaches others: remember
--          {"ask", time, {member, ...}, other}           had each of these members approached other before this time?
--          {"question", time, asker, what, name of its answers, 1 if yes acquaints, {other, ...}, whose relations, circle,
--          part of `asked:` or ""}
--          {"answer", time, member, asker, {{what, 1 if yes acquaints}, ...} what it may answer, its name, 1 for yes, whose relations,
--          circle, part of `asked:` in which the member may stand, too}
--          {"partners", time, member, {other, ...}}      which of these have been partners of member before this time?
--          {"talk", time, member, {other, ...}, conversation, 1 if asked}  member addresses others: remember; do they know each other?
--          whose relations: the sum of 1 the asker's, 2 the other's, 4 the project's; circle: the asker's own
-- returns  msgpack, parallel to the operations: "" for approach; a string of "0" and "1" for ask, and for partners and talk, or "" where
--          that is nobody; for question a digit for each other: 1 if a no has been waiting for it, 2 for a yes, 3 for both, else 0; for
--          answer "1" if it counts by itself, else "0"

local prefix = KEYS[1]
local cap, ttl, waiting_ttl, operations = unpack(cmsgpack.unpack(ARGV[1]))

local ASKERS, ANSWERERS, PROJECTS = 1, 2, 4
local NAME = 8       -- bytes of the name of a member, a project or a circle
local CIRCLES = 50   -- of one member: the latest
local SPOKEN = 1000  -- members of one conversation: the first
local PARTS = 64     -- of one asker's questions to many
local AT_ONCE = 2000 -- Lua's unpack has a limit

local function text(number)
  return string.format('%.0f', number)
end

-- Calls a command with the items of a list, some at a time. Gives all that it answers in lists.
local function in_parts(items, call)
  local all = {}
  for start = 1, #items, AT_ONCE do
    local told = call(unpack(items, start, math.min(start + AT_ONCE - 1, #items)))
    for _, one in ipairs(type(told) == 'table' and told or {}) do
      all[#all + 1] = one
    end
  end
  return all
end

-- "1" or "0" for each item.
local function flags(items, test)
  local told = {}
  for i, item in ipairs(items) do
    told[i] = test(i, item) and '1' or '0'
  end
  return table.concat(told)
end

local function trim(key, time, seconds, most)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. text(time - seconds * 1000000))
  redis.call('ZREMRANGEBYRANK', key, 0, -most - 1)
  redis.call('EXPIRE', key, seconds)
end

-- Adds members to a set with a time.
local function add(key, time, members, most)
  local function with(score)
    local scored = {}
    for i, member in ipairs(members) do
      scored[2 * i - 1], scored[2 * i] = score, member
    end
    return scored
  end
  local added = 0
  in_parts(with(text(time)), function(...) added = added + redis.call('ZADD', key, 'LT', ...) end)
  if added < #members then
    -- whom one goes on turning to stays known: what is older than half of its time becomes as old as that
    in_parts(with(text(time - ttl * 500000)), function(...) return redis.call('ZADD', key, 'XX', 'GT', ...) end)
  end
  trim(key, time, ttl, most or cap)
end

local function approach(time, member, others)
  add(prefix .. 'relation:' .. member, time, others)
end

local function ask(time, members, other)
  return flags(members, function(_, member)
    local since = redis.call('ZSCORE', prefix .. 'relation:' .. member, other)
    return since and tonumber(since) < time
  end)
end

local function join(time, asker, other, project, circle)
  local circles = {}
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'in:' .. asker, '-inf', text(time))) do
    if string.sub(entry, 1, NAME) == project then
      circles[#circles + 1] = string.sub(entry, NAME + 1)
    end
  end
  local joining = {other}
  if #circles == 0 then
    circles, joining = {circle}, {asker, other}
  end
  for _, one in ipairs(circles) do
    for _, member in ipairs(joining) do
      add(prefix .. 'in:' .. member, time, {project .. one}, CIRCLES)
    end
    add(prefix .. 'circle:' .. one, time, joining)
  end
end

local function acquaint(time, asker, other, whose, project, circle)
  if bit.band(whose, ASKERS) > 0 then
    approach(time, asker, {other})
  end
  if bit.band(whose, ANSWERERS) > 0 then
    approach(time, other, {asker})
  end
  if bit.band(whose, PROJECTS) > 0 then
    join(time, asker, other, project, circle)
  end
end

local function partners(time, member, others)
  local known = {}
  for _, entry in ipairs(redis.call('ZREVRANGEBYSCORE', prefix .. 'in:' .. member, '(' .. text(time), '-inf')) do
    local key = prefix .. 'circle:' .. string.sub(entry, NAME + 1)
    for i, since in ipairs(in_parts(others, function(...) return redis.call('ZMSCORE', key, ...) end)) do
      known[i] = known[i] or since and tonumber(since) < time
    end
  end
  local told = flags(others, function(i) return known[i] end)
  return string.find(told, '1') and told or ''
end

local function talk(time, member, others, conversation, asked)
  local key, fields = prefix .. 'talk:' .. conversation, {'', member}
  for i, other in ipairs(others) do
    fields[i + 2] = other
  end
  local stored = in_parts(fields, function(...) return redis.call('HMGET', key, ...) end)
  -- a talk of two is known by its answers
  if not stored[1] and #others < 2 then
    return ''
  end
  local entry, written, room = member .. text(time), {}, SPOKEN - redis.call('HLEN', key)
  for i, value in ipairs(stored) do
    local is_earlier = value and tonumber(string.sub(value, NAME + 1)) > time
    if i ~= 2 and (is_earlier or (not value and room > 0)) then
      written[#written + 1], written[#written + 2] = fields[i], entry
      room = room - (value and 0 or 1)
    end
  end
  in_parts(written, function(...) return redis.call('HSET', key, ...) end)
  redis.call('EXPIRE', key, ttl)
  local function by_another(value)
    return value and tonumber(string.sub(value, NAME + 1)) < time and string.sub(value, 1, NAME) ~= member
  end
  if asked ~= 1 or not by_another(stored[1]) or not by_another(stored[2]) then
    return ''
  end
  local opener = string.sub(stored[1], 1, NAME)
  return flags(others, function(i, other) return other == opener or by_another(stored[i + 2]) end)
end

local function question(time, asker, what, name, acquaints, others, whose, circle, part)
  local asked, waiting, found, any = {}, {}, {}, 0
  for i, other in ipairs(others) do
    asked[i], waiting[i], found[i] = other .. what, prefix .. 'answers:' .. other, 0
  end
  add(prefix .. 'asked:' .. asker .. part, time, asked, part ~= '' and math.ceil(cap / PARTS))
  in_parts(waiting, function(...) any = any + redis.call('EXISTS', ...) end)
  for i, other in ipairs(any > 0 and others or {}) do
    local no, yes = unpack(redis.call('ZMSCORE', waiting[i], asker .. name .. '0', asker .. name .. '1'))
    no, yes = tonumber(no or nil), tonumber(yes or nil)
    yes = yes and yes >= time and yes
    found[i] = (no and no >= time and 1 or 0) + (yes and 2 or 0)
    if yes and acquaints == 1 then
      acquaint(yes, asker, other, whose, what, circle)
    end
  end
  return table.concat(found)
end

local function answer(time, member, asker, questions, name, yes, whose, circle, part)
  local waiting, entry = prefix .. 'answers:' .. member, asker .. name .. yes
  local waits = redis.call('ZSCORE', waiting, entry)
  if waits and tonumber(waits) >= time then
    return '0'
  end
  local asked, acquaints = false, false
  for _, one in ipairs(questions) do
    for _, place in ipairs({asker, asker .. part}) do
      local since = redis.call('ZSCORE', prefix .. 'asked:' .. place, member .. one[1])
      if since and tonumber(since) <= time then
        asked, acquaints = true, acquaints or one[2] == 1
      end
    end
  end
  if not asked then
    redis.call('ZADD', waiting, 'GT', text(time), entry)
    trim(waiting, time, waiting_ttl, cap)
    return '0'
  end
  if yes == 1 and acquaints then
    acquaint(time, asker, member, whose, questions[1][1], circle)
  end
  return '1'
end

local run = {approach = approach, ask = ask, partners = partners, talk = talk, question = question, answer = answer}
local answers = {}
for index, operation in ipairs(operations) do
  answers[index] = run[operation[1]](unpack(operation, 2)) or ''
end
return cmsgpack.pack(answers)
