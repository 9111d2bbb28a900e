-- Write what was decided, only if all that the decision rests on still stands.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {{standing, ...}, {write, ...}}
--          a standing: {key, field or "" for a string, value or "" for nothing}
--          a write: {"string", key, seconds to live, value}
--                   {"hash", key, seconds to live, field, value, ...}
--                   {"zset", key, seconds to live, score, entry, ...}  what is there already keeps its score
--          A key lives for so long or as long as it has still to live, whichever is longer.
-- returns  msgpack 1, or 0 where something has changed and nothing was written

local prefix = KEYS[1]
local standing, writes = unpack(cmsgpack.unpack(ARGV[1]))

for _, one in ipairs(standing) do
  local key, field, value = prefix .. one[1], one[2], one[3]
  local now = field == '' and redis.call('GET', key) or field ~= '' and redis.call('HGET', key, field) or ''
  if now ~= value then
    return cmsgpack.pack(0)
  end
end
for _, one in ipairs(writes) do
  local key = prefix .. one[2]
  local seconds = math.max(one[3], redis.call('TTL', key))
  if one[1] == 'string' then
    redis.call('SET', key, one[4], 'EX', seconds)
  else
    if one[1] == 'hash' then
      redis.call('HSET', key, unpack(one, 4))
    elseif one[4] then
      redis.call('ZADD', key, 'NX', unpack(one, 4))
    end
    redis.call('EXPIRE', key, seconds)
  end
end
return cmsgpack.pack(1)
