-- Remembers who wrote the texts of campaigns, who got them, and who only showed them to whom.
--
--   source:g   hash per generation g (a stretch of event time, expiring whole): campaign (8 bytes of its id) -> a flag, '*' where
--              everybody may have got it, else '-'; the number of authors and of showings (a byte each); tags of the authors, of
--              each showing those of who showed it and to whom, and tags of the readers, each once, in the order in which they came
--   shown:g    name in `seen` of what a text claims to show -> 1 or 0, whether it only showed it. What comes again is judged by that
-- A tag is the first TAG bytes of the hash of a member, or of a place's name. Of more than READERS readers it is only known
-- that they are many. More than AUTHORS authors and SHOWINGS showings are not remembered.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {seconds to live, {item, ...}}, in the order of the events, an item being {{generation, others}, campaign,
--          {campaign that was merged into it, ...}, tags of authors, of showings, of readers, 1 or 0 whether everybody may have got it,
--          name in `seen` or "", 1 or 0 whether that text was only shown}
-- returns  msgpack the number of items

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local ttl, items = request[1], request[2]

local TAG, AUTHORS, SHOWINGS, READERS = 4, 100, 60, 500
local EMPTY = '-' .. string.char(0, 0)

local function table_of(name, generation)
  return prefix .. name .. string.format('%.0f', generation)
end

local known, written = {}, {}  -- key -> {campaign -> value or false}, as stored; key -> {field -> value}, what is added

local function value_of(key, campaign)
  known[key] = known[key] or {}
  if known[key][campaign] == nil then
    known[key][campaign] = redis.call('HGET', key, campaign)
  end
  return known[key][campaign]
end

local function put(key, field, value)
  written[key] = written[key] or {}
  written[key][field] = value
end

-- Ask for all at once what is added to.
local asked = {}
for _, item in ipairs(items) do
  local key = table_of('source:', item[1][1])
  known[key], asked[key] = known[key] or {}, asked[key] or {}
  if known[key][item[2]] == nil then
    known[key][item[2]] = false
    table.insert(asked[key], item[2])
  end
end
for key, campaigns in pairs(asked) do
  local values = redis.call('HMGET', key, unpack(campaigns))
  for i, campaign in ipairs(campaigns) do
    known[key][campaign] = values[i]
  end
end

-- What two strings of pieces of so many bytes hold, each once, at most `most` of them; and whether any were left out.
local function joined(one, other, width, most)
  if other == '' then
    return one, false
  end
  local there, all = {}, {}
  for _, pieces in ipairs({one, other}) do
    for at = 1, #pieces, width do
      local piece = string.sub(pieces, at, at + width - 1)
      if not there[piece] then
        if #all == most then
          return table.concat(all), true
        end
        there[piece] = true
        all[#all + 1] = piece
      end
    end
  end
  return table.concat(all), false
end

local function parts(value)
  local authors = 3 + TAG * string.byte(value, 2)
  local showings = authors + 2 * TAG * string.byte(value, 3)
  return string.sub(value, 4, authors), string.sub(value, authors + 1, showings), string.sub(value, showings + 1),
    string.sub(value, 1, 1) == '*'
end

local function with(value, authors, showings, readers, everybody)
  local own_authors, own_showings, own_readers, own_everybody = parts(value)
  local many
  authors = joined(own_authors, authors, TAG, AUTHORS)
  showings = joined(own_showings, showings, 2 * TAG, SHOWINGS)
  readers, many = joined(own_readers, readers, TAG, READERS)
  everybody = many or everybody or own_everybody
  return (everybody and '*' or '-') .. string.char(#authors / TAG, #showings / (2 * TAG)) .. authors .. showings
    .. (everybody and '' or readers)
end

for _, item in ipairs(items) do
  local generations, campaign, taken_in, authors, showings, readers, everybody, name, is_shown = unpack(item)
  local key = table_of('source:', generations[1])
  local before = value_of(key, campaign)
  local value = before or EMPTY
  for _, other in ipairs(taken_in) do
    for _, generation in ipairs(generations) do
      local theirs = value_of(table_of('source:', generation), other)
      if theirs then
        value = with(value, parts(theirs))
      end
    end
  end
  value = with(value, authors, showings, readers, everybody == 1)
  if value ~= before then
    known[key][campaign] = value
    put(key, campaign, value)
  end
  if name ~= '' then
    put(table_of('shown:', generations[1]), name, is_shown == 1 and '1' or '0')
  end
end
for key, fields in pairs(written) do
  local arguments = {}
  for field, value in pairs(fields) do
    arguments[#arguments + 1] = field
    arguments[#arguments + 1] = value
  end
  redis.call('HSET', key, unpack(arguments))
  redis.call('EXPIRE', key, ttl)
end
return cmsgpack.pack(#items)
