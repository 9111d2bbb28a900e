-- What people said of incidents, kept with the member whom an incident is about; for a batch of verdicts, in order.
--
-- `verdicts:` is a hash per member: incident -> msgpack {time, name, upheld (1 or 0), rule, article, when the incident happened,
-- weight, level, whether members had reported it (1 or 0), {hash, ...} what it is about besides the member}. Every shard has it, so that whoever judges this member's behaviour, or
-- weighs what somebody reported of it, finds it in the own shard. Of several verdicts on one incident the latest stands; of two
-- of one time the one with the higher name.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {incidents kept of one member, seconds to live, {{member, incident, verdict as above}, ...}}
-- returns  msgpack, parallel to the verdicts: 1 where it is the incident's latest now and was not before, else 0

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local cap, ttl, verdicts = request[1], request[2], request[3]
local TIME, NAME = 1, 2

local function later(one, other)
  return one[TIME] > other[TIME] or (one[TIME] == other[TIME] and one[NAME] > other[NAME])
end

-- Forgets the oldest verdict of a member who has too many.
local function limit(key)
  if redis.call('HLEN', key) <= cap then
    return
  end
  local oldest, which
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local verdict = cmsgpack.unpack(all[i + 1])
    if not oldest or later(oldest, verdict) then
      oldest, which = verdict, all[i]
    end
  end
  redis.call('HDEL', key, which)
end

local answers = {}
for index, item in ipairs(verdicts) do
  local key, incident, verdict = prefix .. 'verdicts:' .. item[1], item[2], item[3]
  local before = redis.call('HGET', key, incident)
  local new = not before or later(verdict, cmsgpack.unpack(before))
  if new then
    redis.call('HSET', key, incident, cmsgpack.pack(verdict))
    limit(key)
  end
  redis.call('EXPIRE', key, ttl)
  answers[index] = new and 1 or 0
end
return cmsgpack.pack(answers)
