-- The values of many keys of one kind at once.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {kind, {name, ...}}
-- returns  msgpack {{position of the name, value}, ...}, those that are there

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local kind, names = request[1], request[2]

local found = {}
-- 1,000 names at a time: Lua's unpack has a limit
for start = 1, #names, 1000 do
  local keys = {}
  for i = start, math.min(start + 999, #names) do
    keys[#keys + 1] = prefix .. kind .. ':' .. names[i]
  end
  for i, value in ipairs(redis.call('MGET', unpack(keys))) do
    if value then
      found[#found + 1] = {start + i - 1, value}
    end
  end
end
return cmsgpack.pack(found)
