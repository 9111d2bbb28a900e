-- Reads what tables of campaigns have of a part of a batch, and sets numbers aside for the leaders that it may add.
--
-- KEYS[1]  the shard's prefix, which the names of tables follow
-- ARGV[1]  msgpack {seconds for which the last number is kept, {table, ...}, {banded, ...}, {author, ...}}
--          a table: {1 where a number is set aside for each field that is not there, else 0, {name, ...}, field, ...} of hashes
--          a banded: {{number, what the names of its tables begin with, ...}, {{bucket, ...}, {tag, ...}}, ...}: the i-th bands of
--          all texts are looked up in each i-th table
-- returns  msgpack {{{name, {field, value, ...}}, ...} and {{number, i, {band, leaders, ...}}, ...} what is there, {{author, verdict,
--          ...}, ...} of those who have any, the last number that was given before}

local prefix = KEYS[1]
local shard = string.match(prefix, '^.-}:')  -- what keys begin with that have no scope
local ttl, tables, banded, authors = unpack(cmsgpack.unpack(ARGV[1]))

local found, new = {}, 0
for _, one in ipairs(tables) do
  for _, name in ipairs(one[2]) do
    local there, n = {}, 0
    if redis.call('EXISTS', prefix .. name) == 1 then
      for i, value in ipairs(redis.call('HMGET', prefix .. name, unpack(one, 3))) do
        if value then
          there[n + 1], there[n + 2], n = one[i + 2], value, n + 2
        end
      end
    end
    new = new + one[1] * (#one - 2 - n / 2)
    found[#found + 1] = n > 0 and {name, there} or nil
  end
end

local in_bands = {}
for _, one in ipairs(banded) do
  local names = one[1]
  for i = 1, #one - 1 do
    local fields, tags = unpack(one[i + 1])
    for n = 1, #names, 2 do
      local there, key = {}, prefix .. names[n + 1] .. i
      for at, leaders in pairs(redis.call('EXISTS', key) == 1 and leaders_of(key, fields, tags) or {}) do
        there[#there + 1], there[#there + 2] = fields[at] .. tags[at], leaders
      end
      in_bands[#in_bands + 1] = #there > 0 and {names[n], i, there} or nil
    end
  end
end

local judged = {}
for _, author in ipairs(authors) do
  local verdicts = redis.call('HVALS', shard .. 'verdicts:' .. author)
  judged[#judged + 1] = #verdicts > 0 and {author, unpack(verdicts)} or nil
end

local last = tonumber(redis.call('GET', prefix .. 'leaders') or 0)
if new > 0 then
  redis.call('SET', prefix .. 'leaders', string.format('%.0f', last + new), 'EX', ttl)
end
return cmsgpack.pack({found, in_bands, judged, string.format('%.0f', last)})
