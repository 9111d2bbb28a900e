-- How far each worker has come in event time, and whose the partitions are, so that none runs ahead of what another has not read.
--
-- `progress` holds the moment of each worker that has partitions, `progress:<worker>` whether it is up to date, for as long as
-- it is not silent for too long. `progress:owners` tells whose each partition is: msgpack {generation, worker}. A partition of a
-- silent worker stays its own until another claims it; one that its worker gives back stands in `progress:left`, with the moment
-- that it had come to, until somebody claims it.
--
-- KEYS[1]  the shard's prefix
-- ARGV[1]  msgpack {worker, moment, whether it is up to date (1 or 0), milliseconds until it counts as silent, seconds that all
--          is remembered, generation of the consumer group, {partition, ...} that it claims from now on and no others, or false,
--          whether to name the partitions of the one that is furthest behind (1 or 0)}; the moment is the event time (in
--          microseconds) before which it has judged all that it can read, or, where that is all there is, the latest of it
-- returns  msgpack {whether it is known to have partitions (1 or 0), least moment of the others that are not up to date or -1,
--          {partition of that one, ...}, {{moment, partition, ...} of each silent worker and each partition left, ...}}

local request = cmsgpack.unpack(ARGV[1])
local worker, moment, up_to_date, silent_after, kept = request[1], request[2], request[3], request[4], request[5]
local generation, claims, names_slowest = request[6], request[7], request[8]
local key = KEYS[1] .. 'progress'
local owners_key, left_key = key .. ':owners', key .. ':left'

local function condition_of(other)
  return redis.call('GET', key .. ':' .. other)
end

local function owners()
  local all, flat = {}, redis.call('HGETALL', owners_key)
  for i = 1, #flat, 2 do
    all[flat[i]] = cmsgpack.unpack(flat[i + 1])
  end
  return all
end

-- Who took over from a silent worker knows where it stands. One that was slow must not take back what has gone to another.
local function claim()
  local claimed, before = {}, redis.call('ZSCORE', key, worker) or moment
  for _, partition in ipairs(claims) do
    claimed[partition] = true
    local stored = redis.call('HGET', owners_key, partition)
    local owner = stored and cmsgpack.unpack(stored)
    if not owner or owner[1] <= generation or not condition_of(owner[2]) then
      redis.call('HSET', owners_key, partition, cmsgpack.pack({generation, worker}))
      redis.call('ZREM', left_key, partition)
    end
  end
  local owning = {}
  for partition, owner in pairs(owners()) do
    if owner[2] == worker and not claimed[partition] then
      redis.call('HDEL', owners_key, partition)
      redis.call('ZADD', left_key, before, partition)
    else
      owning[owner[2]] = true
    end
  end
  for _, other in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    if not owning[other] then
      redis.call('ZREM', key, other)
    end
  end
  return owning[worker]
end

redis.call('SET', key .. ':' .. worker, up_to_date, 'PX', silent_after)
local known = redis.call('ZSCORE', key, worker)
if claims then
  known = claim()
end
if known then
  redis.call('ZADD', key, moment, worker)
end
for _, one in ipairs({key, owners_key, left_key}) do
  redis.call('EXPIRE', one, kept)
end

local slowest, least, named, silent = false, -1, {}, {}
local moments = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
for i = 1, #moments, 2 do
  local other = moments[i]
  local condition = other ~= worker and condition_of(other)
  if other ~= worker and not condition then
    silent[other] = {tonumber(moments[i + 1])}
  elseif condition == '0' and not slowest then
    slowest, least = other, tonumber(moments[i + 1])
  end
end
if next(silent) or (slowest and names_slowest == 1) then
  for partition, owner in pairs(owners()) do
    local whose = silent[owner[2]] or (owner[2] == slowest and names_slowest == 1 and named)
    if whose then
      whose[#whose + 1] = partition
    end
  end
end
local absent = {}
for _, one in pairs(silent) do
  absent[#absent + 1] = one
end
local left = redis.call('ZRANGE', left_key, 0, -1, 'WITHSCORES')
for i = 1, #left, 2 do
  absent[#absent + 1] = {tonumber(left[i + 1]), left[i]}
end
return cmsgpack.pack({known and 1 or 0, least, named, absent})
