-- Put new values in the place of old ones, each only where the old one still stands: nothing that was written meanwhile is lost.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {swap, ...}, a swap being {type, key, field, old, new}; `new` is "" where nothing is to stand there:
--          {"string", key, "", value, value}       the time to live stays
--          {"hash", key, field, value, value}
--          {"zset", key, "", member, member}       the score stays
-- returns  msgpack, parallel to the swaps: 1 where the old value was there, else 0

local prefix = KEYS[1]
local swaps = cmsgpack.unpack(ARGV[1])

local function string_swapped(key, _, old, new)
  if redis.call('GET', key) ~= old then
    return 0
  end
  if new == '' then
    redis.call('DEL', key)
  else
    redis.call('SET', key, new, 'KEEPTTL')
  end
  return 1
end

local function hash_swapped(key, field, old, new)
  if redis.call('HGET', key, field) ~= old then
    return 0
  end
  if new == '' then
    redis.call('HDEL', key, field)
  else
    redis.call('HSET', key, field, new)
  end
  return 1
end

local function zset_swapped(key, _, old, new)
  local score = redis.call('ZSCORE', key, old)
  if not score then
    return 0
  end
  redis.call('ZREM', key, old)
  if new ~= '' then
    redis.call('ZADD', key, score, new)
  end
  return 1
end

local swapped = {string = string_swapped, hash = hash_swapped, zset = zset_swapped}
local answers = {}
for index, swap in ipairs(swaps) do
  answers[index] = swapped[swap[1]](prefix .. swap[2], swap[3], swap[4], swap[5])
end
return cmsgpack.pack(answers)
