-- Which campaign each text of a batch belongs to; a text unlike all others founds one.
--
-- A campaign is known by its leaders: the text that founded it, and further texts that joined though they differ much from the
-- leaders before, so that a text which changes slowly stays in its campaign. Tables are hashes per generation g (a stretch of
-- event time, expiring whole):
--   seen:g      event and text -> what it was answered; what comes again gets the same answer, whatever was learnt since
--   brought:g   author -> texts brought in this generation; whoever has brought very many founds and teaches nothing more
--   digest:g    normalised text -> leader
--   band:g:i    i-th band of a signature -> numbers of leaders, joined by commas
--   leader:g    leader -> campaign id (16 bytes), campaign number (10 digits), signature
--   size:g      campaign number -> leaders that it has got in this generation
--   merged:g    campaign number -> id and number of the older campaign that it turned out to be
-- Leaders carry ascending numbers, and a campaign has the number of its first. Of several campaigns that a text is a copy of
-- the oldest wins and takes in the others, so that the answer does not depend on how the stream was cut into batches.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {bands, threshold, ttl in seconds, texts of an author in a generation, {text, ...}}, a text being
--          {digest, signature or "", id of the campaign that it would found, {own generation, other generations to look in},
--           author}
--          `signature`: 128 big-endian 16-bit slots of shingles, 128 bytes of words, 128 bytes of pairs of words, 16-bit number
--          of letters; `threshold`: share of equal slots of shingles from which long texts are copies, whatever their words
-- returns  msgpack, parallel to the texts: {campaign id, similarity}: the share of equal slots of shingles or of words,
--          whichever is more, to the campaign's first text; "" for the id of a new text of somebody who brought too many

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local bands, threshold, ttl, most, texts = request[1], request[2], request[3], request[4], request[5]

local ID, HEAD = 16, 26          -- bytes of a campaign's id; of its id and number
local SLOTS = 128
local SHINGLES, WORDS, PAIRS, LETTERS = 0, 256, 384, 512  -- where the parts of a signature begin
local FEW, LEAST_OF_FEW = 32, 4  -- slots looked at first, and how many of them copies share at least (one in 500 does not)
local CANDIDATES = 16            -- leaders that one text is compared with
local IN_BAND = 4                -- leaders kept of one band: the first ones
local LEADERS = 8                -- leaders that a campaign gets in one generation
local KNOWN_WELL = 0.8           -- a text more like a leader than this need not lead
local MERGES = 16                -- how often a campaign is followed into an older one

-- From what share of equal slots two texts are copies, by their number of letters (docs/near-duplicates.md has the
-- measurements): {letters, share}, straight lines between. Fewer letters prove less.
local SHORT_MARGIN = {{24, 0.5}, {40, 0.35}, {70, 0.05}, {130, 0}}  -- how far the threshold moves towards 1
local OF_WORDS = {{40, 0.98}, {60, 0.72}, {75, 0.66}, {110, 0.56}, {170, 0.50}, {220, 0.40}}
local OF_PAIRS = {{40, 1.01}, {70, 0.50}, {130, 0.40}, {220, 0.30}}
local LEAST = 0.35               -- of shingles, for words to count
local SAME_LETTERS = 0.9         -- of shingles: copies whose words were cut or joined
local SOME_WORDS = 0.5           -- of words, for fewer shingles to count by themselves

local written = {}  -- table name -> {field -> value}: what this batch adds, visible to its later texts at once
local fetched = {}  -- table name -> {field -> value or false}: what the store holds
local wanted = {}   -- table name -> {field, ...}: what is to be fetched next

local function want(name, field)
  fetched[name] = fetched[name] or {}
  if fetched[name][field] == nil then
    fetched[name][field] = false
    wanted[name] = wanted[name] or {}
    wanted[name][#wanted[name] + 1] = field
  end
end

local function fetch()
  for name, fields in pairs(wanted) do
    for start = 1, #fields, 4000 do
      local finish = math.min(start + 3999, #fields)
      local values = redis.call('HMGET', prefix .. name, unpack(fields, start, finish))
      for i = start, finish do
        fetched[name][fields[i]] = values[i - start + 1]
      end
    end
  end
  wanted = {}
end

local function get(name, field)
  local own = written[name] and written[name][field]
  if own then
    return own
  end
  if not fetched[name] or fetched[name][field] == nil then
    want(name, field)
    fetch()
  end
  return fetched[name][field] or nil
end

local function put(name, field, value)
  written[name] = written[name] or {}
  written[name][field] = value
end

local function digits(number)
  return string.format('%010.0f', number)
end

local function band_fields(signature)
  local width = 2 * SLOTS / bands
  local fields = {}
  for i = 1, #signature > 0 and bands or 0 do
    fields[i] = string.sub(signature, (i - 1) * width + 1, i * width)
  end
  return fields
end

local names = {}  -- generation -> names of its tables of bands

local function band_names(generation)
  if not names[generation] then
    names[generation] = {}
    for i = 1, bands do
      names[generation][i] = 'band:' .. generation .. ':' .. i
    end
  end
  return names[generation]
end

local function line(points, x)
  local before = points[1]
  if x <= before[1] then
    return before[2]
  end
  for _, point in ipairs(points) do
    if x <= point[1] then
      return before[2] + (point[2] - before[2]) * (x - before[1]) / (point[1] - before[1])
    end
    before = point
  end
  return before[2]
end

local function equal_bytes(left, right, from)
  local a, b = {string.byte(left, from + 1, from + SLOTS)}, {string.byte(right, from + 1, from + SLOTS)}
  local equal = 0
  for i = 1, SLOTS do
    if a[i] == b[i] then
      equal = equal + 1
    end
  end
  return equal / SLOTS
end

local unpacked = {}  -- signature -> its slots of shingles: each is compared with many
local FORMAT = '>' .. string.rep('H', SLOTS)

local function slots(signature)
  if not unpacked[signature] then
    unpacked[signature] = {struct.unpack(FORMAT, signature)}
  end
  return unpacked[signature]
end

local function equal_slots(left, right, last)
  local equal = 0
  for i = 1, last do
    if left[i] == right[i] then
      equal = equal + 1
    end
  end
  return equal
end

-- The share of equal slots of shingles; 0 where the first few show that it is small.
local function similarity(left, right)
  if #left ~= #right or #left == 0 then
    return 0
  end
  local a, b = slots(left), slots(right)
  if equal_slots(a, b, FEW) < LEAST_OF_FEW then
    return 0
  end
  return equal_slots(a, b, SLOTS) / SLOTS
end

local function letters(signature)
  local high, low = string.byte(signature, LETTERS + 1, LETTERS + 2)
  return 256 * high + low
end

-- The similarity of two signatures where they are those of copies, else nil.
local function copies(left, right)
  local found = similarity(left, right)
  if found < LEAST / 2 then
    return nil
  end
  if found >= SAME_LETTERS then
    return found
  end
  local mean = (letters(left) + letters(right)) / 2
  local words = equal_bytes(left, right, WORDS)
  if words >= SOME_WORDS and found >= threshold + (1 - threshold) * line(SHORT_MARGIN, mean) then
    return found
  end
  if found >= LEAST and words >= line(OF_WORDS, mean) then
    return found
  end
  if equal_bytes(left, right, PAIRS) >= line(OF_PAIRS, mean) then
    return found
  end
  return nil
end

-- Ask for everything that the batch can need at first, table by table, then for the leaders that the answers name.
for _, item in ipairs(texts) do
  item.fields = band_fields(item[2])
  -- an event id may come again with another text, which is another question
  item.name = string.sub(item[3], 1, 8) .. string.sub(item[1], 1, 8)
  want('seen:' .. item[4][1], item.name)
  want('brought:' .. item[4][1], item[5])
  for _, generation in ipairs(item[4]) do
    want('digest:' .. generation, item[1])
    local tables = band_names(generation)
    for i, field in ipairs(item.fields) do
      want(tables[i], field)
    end
  end
end
fetch()
local named = {}
for name, fields in pairs(fetched) do
  local kind, generation = string.match(name, '^(%a+):(-?%d+)')
  if kind == 'digest' or kind == 'band' then
    for _, leaders in pairs(fields) do
      for leader in string.gmatch(leaders or '', '%d+') do
        named[#named + 1] = {'leader:' .. generation, leader}
      end
    end
  end
end
for _, pair in ipairs(named) do
  want(pair[1], pair[2])
end
fetch()

-- Id and number of the campaign that a leader's record belongs to by now.
local function campaign_of(record, generations)
  local head = string.sub(record, 1, HEAD)
  for _ = 1, MERGES do
    local older
    for _, generation in ipairs(generations) do
      older = older or get('merged:' .. generation, string.sub(head, ID + 1))
    end
    if not older then
      break
    end
    head = older
  end
  return head, tonumber(string.sub(head, ID + 1))
end

local function leader_record(leader, generations)
  for _, generation in ipairs(generations) do
    local record = get('leader:' .. generation, leader)
    if record then
      return record
    end
  end
end

local leaders_before = tonumber(redis.call('GET', prefix .. 'leaders') or 0)
local leaders = leaders_before

-- Makes a leader known in a generation, under the campaign that it belongs to by now.
local function register(generation, leader, head, signature)
  if written['leader:' .. generation] and written['leader:' .. generation][leader] then
    return
  end
  if tonumber(leader) <= leaders_before and get('leader:' .. generation, leader) then
    return
  end
  put('leader:' .. generation, leader, head .. signature)
  local tables = band_names(generation)
  for i, field in ipairs(band_fields(signature)) do
    local there = get(tables[i], field)
    local _, commas = string.gsub(there or '', ',', '')
    if not there then
      put(tables[i], field, leader)
    elseif commas < IN_BAND - 1 then
      put(tables[i], field, there .. ',' .. leader)
    end
  end
end

local function new_leader()
  leaders = leaders + 1
  return string.format('%.0f', leaders)
end

-- The leaders that share most bands with the text, the older first where they share as many.
local function candidates(item)
  local hits, order = {}, {}
  for _, generation in ipairs(item[4]) do
    local tables = band_names(generation)
    for i, field in ipairs(item.fields) do
      local there = get(tables[i], field)
      if there then
        for leader in string.gmatch(there, '%d+') do
          if not hits[leader] then
            order[#order + 1] = leader
          end
          hits[leader] = (hits[leader] or 0) + 1
        end
      end
    end
  end
  table.sort(order, function(a, b)
    return hits[a] > hits[b] or (hits[a] == hits[b] and tonumber(a) < tonumber(b))
  end)
  return order
end

-- The leaders that the text is a copy of: {leader, record, similarity, head and number of the campaign}.
local function matches(item)
  local found = {}
  for _, generation in ipairs(item[4]) do
    local leader = get('digest:' .. generation, item[1])
    local record = leader and leader_record(leader, item[4])
    if record then
      local head, number = campaign_of(record, item[4])
      found[#found + 1] = {leader = leader, record = record, similarity = 1, head = head, number = number}
    end
  end
  if #found > 0 then
    return found
  end
  for rank, leader in ipairs(candidates(item)) do
    if rank > CANDIDATES then
      break
    end
    local record = leader_record(leader, item[4])
    local alike = record and copies(item[2], string.sub(record, HEAD + 1))
    if alike then
      local head, number = campaign_of(record, item[4])
      found[#found + 1] = {leader = leader, record = record, similarity = alike, head = head, number = number}
    end
  end
  return found
end

-- The text joins the oldest campaign among the matches, and the others become part of it.
local function join(item, found)
  local own = item[4][1]
  local best = found[1]
  for _, match in ipairs(found) do
    if match.number < best.number or (match.number == best.number and match.similarity > best.similarity) then
      best = match
    end
  end
  for _, match in ipairs(found) do
    if match.number ~= best.number then
      put('merged:' .. own, digits(match.number), best.head)
    end
  end
  register(own, best.leader, best.head, string.sub(best.record, HEAD + 1))
  local first = string.format('%.0f', best.number)
  local founder = leader_record(first, item[4])
  local alike = best.similarity
  if founder then
    local signature = string.sub(founder, HEAD + 1)
    register(own, first, best.head, signature)
    if #item[2] > 0 and #signature > 0 then
      alike = math.max(similarity(item[2], signature), equal_bytes(item[2], signature, WORDS))
    end
  end
  local leader = best.leader
  local size = tonumber(get('size:' .. own, digits(best.number)) or 0)
  if best.similarity < KNOWN_WELL and size < LEADERS then
    leader = new_leader()
    register(own, leader, best.head, item[2])
    put('size:' .. own, digits(best.number), string.format('%.0f', size + 1))
  end
  return leader, best.head, alike
end

-- Whether one more text of the author is remembered in the generation.
local function may_bring(generation, author)
  local brought = tonumber(get('brought:' .. generation, author) or 0)
  if brought < most then
    put('brought:' .. generation, author, string.format('%.0f', brought + 1))
    return true
  end
  return false
end

-- What a text is answered that comes for the first time: the campaign's id and the similarity; "" where it has none.
local function answer_for(item)
  local own = item[4][1]
  local remembered = may_bring(own, item[5])
  local new = not get('digest:' .. own, item[1])
  if new and not remembered then
    return ''
  end
  local found = matches(item)
  local leader, head, alike
  if #found > 0 then
    leader, head, alike = join(item, found)
  else
    leader, alike = new_leader(), 1
    head = item[3] .. digits(tonumber(leader))
    register(own, leader, head, item[2])
  end
  if new then
    put('digest:' .. own, item[1], leader)
  end
  local answer = string.sub(head, 1, ID) .. string.format('%.4f', alike)
  if remembered then
    put('seen:' .. own, item.name, answer)
  end
  return answer
end

local answers = {}
for index, item in ipairs(texts) do
  local answer = get('seen:' .. item[4][1], item.name) or answer_for(item)
  answers[index] = {string.sub(answer, 1, ID), string.sub(answer, ID + 1)}
end

if leaders > leaders_before then
  redis.call('SET', prefix .. 'leaders', string.format('%.0f', leaders), 'EX', ttl)
end
for name, fields in pairs(written) do
  local arguments = {}
  for field, value in pairs(fields) do
    arguments[#arguments + 1] = field
    arguments[#arguments + 1] = value
    if #arguments >= 4000 then
      redis.call('HSET', prefix .. name, unpack(arguments))
      arguments = {}
    end
  end
  if #arguments > 0 then
    redis.call('HSET', prefix .. name, unpack(arguments))
  end
  redis.call('EXPIRE', prefix .. name, ttl)
end
return cmsgpack.pack(answers)
