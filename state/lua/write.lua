-- Write what was decided, only if all that the decision rests on still stands.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {{standing, ...}, {write, ...}}
--          a standing: {key, "", value or "" for nothing} of a string, {key, field, value or ""} of a hash, or, where it is told,
--          {key, field, value or "", "hash"} or {key, entry, score or "", "zset"}
--          a write: {"string", key, seconds to live, value or "" for nothing}
--                   {"hash", key, seconds to live, field, value, ...}
--                   {"zset", key, seconds to live, score, entry, ...}  what is there already keeps its score
--                   {"gone", key, 0, field, ...} of a hash, {"left", key, 0, entry, ...} of a sorted set: these are no more
--          A key lives for so long or as long as it has still to live, whichever is longer; with 0 as long as that.
-- returns  msgpack 1, or 0 where something has changed and nothing was written

local prefix = KEYS[1]
local standing, writes = unpack(cmsgpack.unpack(ARGV[1]))

for _, one in ipairs(standing) do
  local key, field, value = prefix .. one[1], one[2], one[3]
  local now
  if one[4] == 'zset' then
    now = redis.call('ZSCORE', key, field)
  elseif field == '' and not one[4] then
    now = redis.call('GET', key)
  else
    now = redis.call('HGET', key, field)
  end
  if (now or '') ~= value then
    return cmsgpack.pack(0)
  end
end
for _, one in ipairs(writes) do
  local kind, key, seconds = one[1], prefix .. one[2], one[3]
  if seconds > 0 then
    seconds = math.max(seconds, redis.call('TTL', key))
  end
  if kind == 'string' then
    if seconds > 0 then
      redis.call('SET', key, one[4], 'EX', seconds)
    elseif one[4] == '' then
      redis.call('EXPIRE', key, 0)  -- ends it: no worker need be allowed to delete
    else
      redis.call('SET', key, one[4], 'KEEPTTL')
    end
    seconds = 0
  elseif kind == 'hash' then
    redis.call('HSET', key, unpack(one, 4))
  elseif kind == 'gone' then
    redis.call('HDEL', key, unpack(one, 4))
  elseif kind == 'left' then
    redis.call('ZREM', key, unpack(one, 4))
  elseif one[4] then
    redis.call('ZADD', key, 'NX', unpack(one, 4))
  end
  if seconds > 0 then
    redis.call('EXPIRE', key, seconds)
  end
end
return cmsgpack.pack(1)
