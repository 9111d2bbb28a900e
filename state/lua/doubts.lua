-- Of which topics records were missing when events were judged that come after them, and when those events happened.
--
-- `progress:doubts` is a hash, topic -> msgpack {start, end} in event time, microseconds. Of one topic only the latest is kept, with
-- which an earlier one is merged unless it is over for so long that nothing counted then shows any more.
--
-- KEYS[1]  the shard's prefix
-- ARGV[1]  msgpack {microseconds for which what was counted may show, seconds that doubts are kept, {{topic, start, end}, ...}}
-- returns  msgpack {{topic, start, end}, ...}, all that are remembered

local key = KEYS[1] .. 'progress:doubts'
local request = cmsgpack.unpack(ARGV[1])
local shows, ttl, doubts = request[1], request[2], request[3]

for _, doubt in ipairs(doubts) do
  local topic, first, last = doubt[1], doubt[2], doubt[3]
  local stored = redis.call('HGET', key, topic)
  if stored then
    local before = cmsgpack.unpack(stored)
    if before[2] + shows >= first and last + shows >= before[1] then
      first, last = math.min(first, before[1]), math.max(last, before[2])
    end
  end
  redis.call('HSET', key, topic, cmsgpack.pack({first, last}))
  redis.call('EXPIRE', key, ttl)
end

local all = {}
local flat = redis.call('HGETALL', key)
for i = 1, #flat, 2 do
  local range = cmsgpack.unpack(flat[i + 1])
  all[#all + 1] = {flat[i], range[1], range[2]}
end
return cmsgpack.pack(all)
