-- Writes what a part of a batch adds to tables of campaigns, only if what it changes still stands as it was read.
--
-- KEYS[1]  the shard's prefix, which the names of tables follow
-- ARGV[1]  msgpack {{table, ...}, {banded, ...}}
--          a table: {name, seconds to live, {field, ...}, {value that was read, or "", ...}, {value to be written, ...}} of a hash
--          a banded: {what the names of its tables begin with, seconds to live, bands, bytes of one, leaders kept of one, {{leader,
--          all its bands, {i = leaders that were read of the i-th, ...}}, ...}}: the i-th band leads to the leader in the i-th table
-- returns  msgpack 1, or 0 where something has changed and nothing was written

local prefix = KEYS[1]
local tables, banded = unpack(cmsgpack.unpack(ARGV[1]))
local writes = {}

local function write(name, seconds, fields, values)
  local arguments = {}
  for i, field in ipairs(fields) do
    arguments[2 * i - 1], arguments[2 * i] = field, values[i]
  end
  if #arguments > 0 then
    writes[#writes + 1] = {prefix .. name, seconds, arguments}
  end
end

for _, one in ipairs(tables) do
  local name, seconds, fields, before, values = unpack(one)
  for i, value in ipairs(redis.call('HMGET', prefix .. name, unpack(fields))) do
    if (value or '') ~= before[i] then
      return cmsgpack.pack(0)
    end
  end
  write(name, seconds, fields, values)
end

for _, one in ipairs(banded) do
  local name, seconds, bands, width, most, leaders = unpack(one)
  for i = 1, bands do
    local fields = {}
    for at, leader in ipairs(leaders) do
      fields[at] = string.sub(leader[2], (i - 1) * width + 1, i * width)
    end
    local there = {}
    for at, value in ipairs(redis.call('HMGET', prefix .. name .. i, unpack(fields))) do
      if (value or '') ~= (leaders[at][3][i] or '') then
        return cmsgpack.pack(0)
      end
      there[fields[at]] = value
    end
    local changed, values = {}, {}
    for at, field in ipairs(fields) do
      local others = there[field]
      local _, commas = string.gsub(others or '', ',', '')
      if not others or commas < most - 1 then
        there[field] = others and others .. ',' .. leaders[at][1] or leaders[at][1]
        changed[#changed + 1], values[#values + 1] = field, there[field]
      end
    end
    write(name .. i, seconds, changed, values)
  end
end

for _, one in ipairs(writes) do
  redis.call('HSET', one[1], unpack(one[3]))
  redis.call('EXPIRE', one[1], one[2])
end
return cmsgpack.pack(1)
