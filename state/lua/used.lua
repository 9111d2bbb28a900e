-- Which event ids have been carried by another event before; for a batch of events, in order.
--
-- `used:<day>:<bucket>` is a hash per day of event time and per bucket of ids: hash of an id -> hash of the first event that carried
-- it. The event's own day and the one before are looked at. The first stays, so that an event which comes again gets the same answer
-- as the first time, and so does one that conflicts. A bucket that is full takes no more ids: they conflict with nothing.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {seconds to live, {{day, id, event}, ...}}, ids and events being hashes of 8 bytes
-- returns  msgpack, parallel to the events: 1 where another event has carried the id, else 0

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local ttl, events = request[1], request[2]
local IN_BUCKET = 4096  -- and there are 256 buckets: a million ids a day

local function bucket(day, id)
  return prefix .. 'used:' .. string.format('%.0f:%d', day, string.byte(id))
end

local answers = {}
for index, item in ipairs(events) do
  local day, id, event = item[1], item[2], item[3]
  local key = bucket(day, id)
  local first = redis.call('HGET', key, id)
  if not first then
    local ids = redis.call('HLEN', key)
    if ids < IN_BUCKET then
      redis.call('HSET', key, id, event)
    end
    if ids == 0 then
      redis.call('EXPIRE', key, ttl)
    end
  end
  -- an event of another day says something else: that it was on another day
  local conflicts = (first and first ~= event) or redis.call('HEXISTS', bucket(day - 1, id), id) == 1
  answers[index] = conflicts and 1 or 0
end
return cmsgpack.pack(answers)
