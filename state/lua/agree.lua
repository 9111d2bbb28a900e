-- What all workers of a store must have in common: written by the first of them, kept for as long as one of them asks.
--
-- KEYS[1]  the shard's prefix
-- ARGV[1]  msgpack {value, lifetime}: what the caller has; seconds for which it is kept after the last call of its kind
-- returns  msgpack what stands there

local request = cmsgpack.unpack(ARGV[1])
local value, lifetime = request[1], request[2]
local key = KEYS[1] .. 'settings'
local standing = redis.call('GET', key)
if not standing then
  redis.call('SET', key, value, 'EX', lifetime)
  standing = value
elseif standing == value and redis.call('TTL', key) < lifetime / 2 then
  redis.call('EXPIRE', key, lifetime)
end
return cmsgpack.pack(standing)
