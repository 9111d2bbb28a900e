-- Reads what tables of campaigns have of a part of a batch, and sets numbers aside for the leaders that it may add.
--
-- KEYS[1]  the shard's prefix, which the names of tables follow
-- ARGV[1]  msgpack {seconds for which the last number is kept, {table, ...}, {banded, ...}, {author, ...}}
--          a table: {name, 1 where a number is set aside for each field that is not there, else 0, field, ...} of a hash
--          a banded: {{number, what the names of its tables begin with, ...}, bands of a text, all bands of a text, ...}: the
--          i-th band is looked up in each i-th table
-- returns  msgpack {{{name, {field, value, ...}}, ...} and {{number, i, {band, leaders, ...}}, ...} what is there, {{author, verdict,
--          ...}, ...} of those who have any, the last number that was given before}

local prefix = KEYS[1]
local shard = string.match(prefix, '^.-}:')  -- what keys begin with that have no scope
local ttl, tables, banded, authors = unpack(cmsgpack.unpack(ARGV[1]))
local AT_ONCE = 4000  -- Lua's unpack has a limit

-- What there is of the fields from the `first` on: {field, value, ...}; and how many are not there.
local function read(name, fields, first)
  local there, absent = {}, 0
  for start = first, #fields, AT_ONCE do
    local values = redis.call('HMGET', prefix .. name, unpack(fields, start, math.min(start + AT_ONCE - 1, #fields)))
    for i, value in ipairs(values) do
      if value then
        there[#there + 1], there[#there + 2] = fields[start + i - 1], value
      else
        absent = absent + 1
      end
    end
  end
  return there, absent
end

local found, new = {}, 0
for _, one in ipairs(tables) do
  local there, absent = read(one[1], one, 3)
  new = new + one[2] * absent
  found[#found + 1] = #there > 0 and {one[1], there} or nil
end

local in_bands = {}
for _, one in ipairs(banded) do
  local names, bands = one[1], one[2]
  for i = 1, bands do
    local fields, tags = cut(one, 3, i)
    for n = 1, #names, 2 do
      local there = {}
      for at, leaders in pairs(leaders_of(prefix .. names[n + 1] .. i, fields, tags)) do
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
