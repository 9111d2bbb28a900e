-- How far each worker has come in event time, so that none runs far ahead of the others while it reads a backlog.
--
-- KEYS[1]  the shard's prefix
-- ARGV[1]  msgpack {worker, reached, lifetime}: the worker's name; event time in microseconds before which it has judged all that
--          it can read, -1 where that is all there is; seconds after which a worker that does not tell again is forgotten
-- returns  msgpack the least `reached` of the other workers, -1 where none of them is behind

local request = cmsgpack.unpack(ARGV[1])
local worker, reached, lifetime = request[1], request[2], request[3]
local key = KEYS[1] .. 'progress'
redis.call('SET', key .. ':' .. worker, 1, 'EX', lifetime)
redis.call('ZADD', key, reached, worker)
redis.call('EXPIRE', key, 2 * lifetime)
local least = -1
for _, other in ipairs(redis.call('ZRANGE', key, 0, -1)) do
  if not redis.call('GET', key .. ':' .. other) then
    redis.call('ZREM', key, other)
  elseif other ~= worker and least < 0 then
    -- in ascending order, those that are not behind first
    least = tonumber(redis.call('ZSCORE', key, other))
  end
end
return cmsgpack.pack(least)
