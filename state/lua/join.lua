-- Writes what a part of a batch adds to tables of campaigns, only if what it changes still stands as it was read.
--
-- Bands stand as they were read where no other part was looked up or written meanwhile: then `leaders` has the number that was
-- given last. Each part that is written takes one.
--
-- KEYS[1]  the shard's prefix, which the names of tables follow
-- ARGV[1]  msgpack {{table, ...}, {banded, ...}, the number that was given last, seconds for which it is kept}
--          a table: {name, seconds to live, {field, ...}, {value that was read, or "", ...}, {value to be written, ...}} of a hash
--          a banded: {what the names of its tables begin with, seconds to live, {{{bucket, ...}, {tag, ...}} of the i-th bands, ...},
--          bytes of the leaders kept of a band, {leader, ...}, {{i = leaders that were read of the i-th, ...}, ...}}: the i-th band
--          leads to the leader in the i-th table
-- returns  msgpack 1, or 0 where something has changed and nothing was written

local prefix = KEYS[1]
local tables, banded, last_number, number_ttl = unpack(cmsgpack.unpack(ARGV[1]))
local alone = redis.call('GET', prefix .. 'leaders') == last_number
local writes = {}

for _, one in ipairs(tables) do
  local name, seconds, fields, before, values = unpack(one)
  local arguments = {}
  for i, value in ipairs(redis.call('HMGET', prefix .. name, unpack(fields))) do
    if (value or '') ~= before[i] then
      return cmsgpack.pack(0)
    end
    arguments[2 * i - 1], arguments[2 * i] = fields[i], values[i]
  end
  writes[#writes + 1] = {prefix .. name, seconds, arguments}
end

for _, one in ipairs(banded) do
  local name, seconds, bands, most, leaders, before = unpack(one)
  for i, band in ipairs(bands) do
    local key, last, buckets, changed, arguments, n = prefix .. name .. i, {}, {}, {}, {}, 0
    local fields, tags = unpack(band)
    local found = leaders_of(key, fields, tags, last, buckets, alone)
    for at, leader in ipairs(leaders) do
      if not alone and found[at] ~= before[at][i] then
        return cmsgpack.pack(0)
      end
      local bucket = last[at]
      local there, own = buckets[bucket] or '', changed[bucket]
      -- leaders that have the band already, and those among them that this part adds
      local others = #(before[at][i] or '') + #(own and leaders_in(own, tags[at], #there + 1) or '')
      if others < most then
        changed[bucket] = (own or there) .. tags[at] .. leader
      end
    end
    for bucket, value in pairs(changed) do
      arguments[n + 1], arguments[n + 2], n = bucket, value, n + 2
    end
    writes[#writes + 1] = n > 0 and {key, seconds, arguments} or nil
  end
end

for _, one in ipairs(writes) do
  redis.call('HSET', one[1], unpack(one[3]))
  redis.call('EXPIRE', one[1], one[2])
end
redis.call('INCRBY', prefix .. 'leaders', 1)
redis.call('EXPIRE', prefix .. 'leaders', number_ttl)
return cmsgpack.pack(1)
