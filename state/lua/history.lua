-- Append what happened to the histories of those whom it is about, and tell what stood in them before; for a batch of histories.
--
-- A history is a sorted set of entries by event time (state/histories.py says what is in one). An entry begins with the number of its
-- arrival at this shard (6 bytes) and the name of its event (8 bytes): an event that a history has already is not appended again.
--
-- `added:` has how many bytes an actor's events have added to histories on a day of event time, besides to the actor's own, which is
-- capped by itself. Who has added very much adds no more.
--
-- A run that has told much stops between two histories and answers what it has come to; the rest is asked again.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {numbers to reserve (0 where they are), seconds to live of the number, bytes that an actor may add on a day, seconds
--          to live of what counts them, {{day, {actor, ...}}, ...}, {history, ...}}, a history being
--          {key, seconds to live, {entry, ...}}, and an entry to append {time, which of the reserved numbers, or the number where none
--          are, name, what follows the name, which of the budgets (days and actors in order; 0: none), bytes that it costs}
-- returns  msgpack {the number before the first reserved, {{entries and times before, {number of each entry that was there, 0 where it
--          is new, -1 where its actor has added too much, ...}}, ...}}, parallel to the histories (or the first of them)

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local count, number_ttl, most_bytes, added_ttl, days, histories = unpack(request)
local AT_ONCE = 4000  -- Lua's unpack has a limit
local TOLD = 2000000  -- bytes
local NEW_HISTORY_BYTES = 250

local before = 0
if count > 0 then
  -- numbers only ascend: a run that reserves them in vain leaves a gap and harms nothing
  before = redis.call('INCRBY', prefix .. 'number', count) - count
  redis.call('EXPIRE', prefix .. 'number', number_ttl)
end

local budgets = {}  -- {bytes added, whether that has changed}
for _, day in ipairs(days) do
  local added = redis.call('HMGET', prefix .. 'added:' .. day[1], unpack(day[2]))
  for i = 1, #day[2] do
    budgets[#budgets + 1] = {tonumber(added[i] or 0), false}
  end
end

-- The numbers of the entries of a history by their events.
local function numbers_of(kept)
  local numbers = {}
  for i = 1, #kept, 2 do
    numbers[string.sub(kept[i], 7, 14)] = struct.unpack('>I6', kept[i])
  end
  return numbers
end

local function append(key, ttl, entries, kept)
  local newest, numbers, flags, arguments = tonumber(kept[#kept] or -1), {}, {}, {}
  for _, entry in ipairs(entries) do
    if entry[1] <= newest then
      numbers = numbers_of(kept)
      break
    end
  end
  for i, entry in ipairs(entries) do
    local time, at, name, rest, which, cost = unpack(entry)
    local budget = budgets[which]
    cost = cost + (#kept + #arguments == 0 and NEW_HISTORY_BYTES or 0)
    if numbers[name] then
      flags[i] = numbers[name]
    elseif budget and budget[1] + cost > most_bytes then
      flags[i] = -1
    else
      flags[i], numbers[name] = 0, before + at
      if budget then
        budget[1], budget[2] = budget[1] + cost, true
      end
      arguments[#arguments + 1] = time
      arguments[#arguments + 1] = struct.pack('>I6', before + at) .. name .. rest
    end
  end
  if #arguments > 0 then
    for start = 1, #arguments, AT_ONCE do
      redis.call('ZADD', key, unpack(arguments, start, math.min(start + AT_ONCE - 1, #arguments)))
    end
    redis.call('EXPIRE', key, ttl, #kept == 0 and 'NX' or 'GT')
  end
  return flags
end

local answers, told = {}, 0
for index, history in ipairs(histories) do
  if told > TOLD then
    break
  end
  local key = prefix .. history[1]
  local kept = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #kept, 2 do
    told = told + #kept[i] + 20
  end
  answers[index] = {kept, append(key, history[2], history[3], kept)}
end
local which = 0
for _, day in ipairs(days) do
  local key, arguments = prefix .. 'added:' .. day[1], {}
  for _, actor in ipairs(day[2]) do
    which = which + 1
    local budget = budgets[which]
    if budget[2] then
      arguments[#arguments + 1], arguments[#arguments + 2] = actor, string.format('%.0f', budget[1])
    end
  end
  if #arguments > 0 then
    redis.call('HSET', key, unpack(arguments))
    redis.call('EXPIRE', key, added_ttl)
  end
end
return cmsgpack.pack({before, answers})
