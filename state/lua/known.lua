-- Texts that people have upheld as breaches: remembers them, and tells which texts of a batch are copies of one.
--
-- A text is such a copy when it is the same or nearly the same, or when it belongs to the campaign of one or of a copy, however
-- much that has drifted. This script runs after `campaigns.lua`, reads its tables `digest`, `leader`, `merged` and `seen`, and adds
-- to an answer in `seen` whether the text is such a copy, so that this stays when the event comes again. Where it is not decided yet
-- which campaign the text belongs to, the script tells all that has a bearing on it, and `state/campaigns.py` decides both.
--
--   known:k     hash per stretch k as long as such texts are remembered, by the time of the verdict: `d` and a digest -> number of
--               a text, `b`, a band's number and the band -> numbers, joined by commas, `t` and a number -> msgpack {signature,
--               incident, ...}, `n` -> the latest number
--   verdict:    incident -> msgpack {time, name, upheld, until, whether in a forum (1 or 0), who wrote the text first and was only
--               copied (a hash) or ""} of its latest verdict
--   upheld:     campaign id -> msgpack {incident, ...} with a verdict, also those of campaigns that were merged into it (`merges.lua`)
-- Verdicts count for texts that come after them. Of two of one time the one with the higher name is the later one.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {how long upheld texts are remembered, seconds to live, bands, {verdict, ...}, {text, ...}};
--          a verdict: {incident, time, name, upheld (1 or 0), campaign id, digest, signature, {generation of campaigns, ...},
--          whether in a forum (1 or 0), who wrote the text first (a hash) or ""};
--          a text: {digest, signature, time, {its generation of campaigns, others to look in}, name in `seen`, whether in a
--          forum (1 or 0), its author's hash};
--          times in microseconds, signatures as in `campaigns.lua`
-- returns  msgpack {answers, {{campaign id, {incident, ...}}, ...}, {{incident, time, until, whether in a forum,
--          who wrote the text first or ""}, ...}}: parallel to the texts 1 for a
--          copy of what was upheld, else 0, or, where the campaign is not decided yet, {incident, ...} of the upheld text that it
--          repeats; the judged incidents of the campaigns that it may belong to; and when those of all these that are upheld count

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local memory, ttl, bands, learnt, texts = request[1], request[2], request[3], request[4], request[5]

local TEXTS = 5000        -- texts remembered of one stretch
local IN_BAND = 8         -- texts of one band: the first ones
local CANDIDATES = 16     -- texts that one text is compared with
local MERGES = 16         -- how often a judged campaign is followed into an older one
-- From what share of equal slots, of shingles or of words, a text repeats an upheld one: {letters, share}, straight lines
-- between. Stricter than within a campaign, since one copy is an incident here: unrelated texts reach 0.27.
local ALIKE = {{40, 0.9}, {60, 0.8}, {130, 0.65}, {220, 0.55}}

local function table_of(time)
  return string.format('known:%.0f', math.floor(time / memory))
end

local exists = {}
local function there(name)
  if exists[name] == nil then
    exists[name] = redis.call('EXISTS', prefix .. name) == 1
  end
  return exists[name]
end

local function hget(name, field)
  return redis.call('HGET', prefix .. name, field) or nil
end

local function band_fields(signature)
  local fields = bands_of(signature, bands)
  for i, band in ipairs(fields) do
    fields[i] = 'b' .. string.char(i) .. band
  end
  return fields
end

-- --- verdicts --------------------------------------------------------------------------------------------------------------

local verdicts, judged = {}, {}  -- incident -> verdict or false; campaign id -> its judged incidents

local function verdict_of(incident)
  if verdicts[incident] == nil then
    local stored = redis.call('GET', prefix .. 'verdict:' .. incident)
    verdicts[incident] = stored and cmsgpack.unpack(stored)
  end
  return verdicts[incident]
end

-- Whether a verdict on a text sent to members or posted in a forum (`public`, 1 or 0) says something of a text by that author. Of
-- what was upheld before that was remembered it does.
local function concerns(verdict, public, author)
  return (verdict[5] == nil or verdict[5] == public) and verdict[6] ~= author
end

local function any_upheld(incidents, from, time, public, author)
  for i = from, #incidents do
    local verdict = verdict_of(incidents[i])
    if verdict and verdict[3] == 1 and verdict[1] < time and time <= verdict[4] and concerns(verdict, public, author) then
      return true
    end
  end
  return false
end

local function judged_of(id)
  if not judged[id] then
    local stored = redis.call('GET', prefix .. 'upheld:' .. id)
    judged[id] = stored and cmsgpack.unpack(stored) or {}
  end
  return judged[id]
end

local function judge_campaign(id, incident)
  add_incident(judged_of(id), 1, incident)
  redis.call('SET', prefix .. 'upheld:' .. id, cmsgpack.pack(judged[id]), 'EX', ttl)
end

-- --- campaigns -------------------------------------------------------------------------------------------------------------

local function older_than(head, generations)
  for _, generation in ipairs(generations) do
    local older = hget('merged:' .. generation, string.sub(head, ID + 1, HEAD))
    if older then
      return string.sub(older, 1, HEAD)
    end
  end
end

-- The ids of a campaign and of those that it became part of.
local function ids_of(head, generations)
  local ids = {}
  while head and #ids < MERGES do
    ids[#ids + 1] = string.sub(head, 1, ID)
    head = older_than(head, generations)
  end
  return ids
end

local function head_of_digest(digest, generations)
  for _, generation in ipairs(generations) do
    local leader = hget('digest:' .. generation, digest)
    local record = leader and hget('leader:' .. generation, leader)
    if record then
      return string.sub(record, 1, HEAD)
    end
  end
end

-- --- texts -----------------------------------------------------------------------------------------------------------------

local function alike(left, right)
  if #left == 0 or #left ~= #right then
    return false
  end
  local least = line(ALIKE, (letters(left) + letters(right)) / 2)
  return equal_slots(slots(left), slots(right), SLOTS) / SLOTS >= least or equal_bytes(left, right, WORDS) >= least
end

local function remember(name, digest, signature, incident)
  local number = hget(name, 'd' .. digest)
  local entry
  if number then
    entry = cmsgpack.unpack(hget(name, 't' .. number))
  else
    local last = tonumber(hget(name, 'n') or 0)
    if last >= TEXTS then
      return
    end
    number, entry = string.format('%.0f', last + 1), {signature}
    redis.call('HSET', prefix .. name, 'n', number, 'd' .. digest, number)
    for _, field in ipairs(band_fields(signature)) do
      local others = hget(name, field)
      local _, commas = string.gsub(others or '', ',', '')
      if commas < IN_BAND - 1 then
        redis.call('HSET', prefix .. name, field, others and others .. ',' .. number or number)
      end
    end
  end
  add_incident(entry, 2, incident)
  redis.call('HSET', prefix .. name, 't' .. number, cmsgpack.pack(entry))
  redis.call('EXPIRE', prefix .. name, ttl)
  exists[name] = true
end

local function learn(verdict)
  local incident, time, name, upheld, id, digest, signature, generations, public, origin = unpack(verdict)
  local before = verdict_of(incident)
  if before and (before[1] > time or (before[1] == time and before[2] >= name)) then
    return
  end
  verdicts[incident] = {time, name, upheld, time + memory, public, origin}
  redis.call('SET', prefix .. 'verdict:' .. incident, cmsgpack.pack(verdicts[incident]), 'EX', ttl)
  if upheld == 1 then
    remember(table_of(time), digest, signature, incident)
    judge_campaign(id, incident)
    for _, other in ipairs(ids_of(head_of_digest(digest, generations), generations)) do
      judge_campaign(other, incident)
    end
  end
end

-- The numbers of the texts in a table that a text may repeat: itself, or those that share most bands.
local function candidates(name, fields)
  local values = redis.call('HMGET', prefix .. name, unpack(fields))
  if values[1] then
    return {values[1]}
  end
  local hits, order = {}, {}
  for i = 2, #fields do
    for number in string.gmatch(values[i] or '', '%d+') do
      if not hits[number] then
        order[#order + 1] = number
      end
      hits[number] = (hits[number] or 0) + 1
    end
  end
  table.sort(order, function(a, b)
    return hits[a] > hits[b] or (hits[a] == hits[b] and tonumber(a) < tonumber(b))
  end)
  return order
end

-- Whether anything is remembered that a text may repeat.
local function anything_for(text)
  return there(table_of(text[3])) or there(table_of(text[3] - memory))
end

-- The entry of the upheld text that a text repeats.
local function repeated(text)
  local fields
  for _, time in ipairs({text[3], text[3] - memory}) do
    local name = table_of(time)
    if there(name) then
      if not fields then
        fields = band_fields(text[2])
        table.insert(fields, 1, 'd' .. text[1])
      end
      for rank, number in ipairs(candidates(name, fields)) do
        if rank > CANDIDATES then
          break
        end
        local entry = cmsgpack.unpack(hget(name, 't' .. number))
        local same = hget(name, fields[1]) == number
        if (same or alike(text[2], entry[1])) and any_upheld(entry, 2, text[3], text[6], text[7]) then
          return entry
        end
      end
    end
  end
end

-- Whether a text of a campaign, if it has any, is a copy of what was upheld.
local function is_copy(text, id)
  if not anything_for(text) then
    return false
  end
  if id and any_upheld(judged_of(id), 1, text[3], text[6], text[7]) then
    return true
  end
  local entry = repeated(text)
  -- the campaign that the text has joined, or founded when the first one had been forgotten, is the upheld one's
  for i = 2, entry and id and #entry or 0 do
    judge_campaign(id, entry[i])
  end
  return entry ~= nil
end

local concerned, lists = {}, {}  -- ids of campaigns that texts may belong to, each once; what was judged of them
local listed, counting = {}, {}  -- incidents that the answer names; those of them that are upheld, and when they count

local function list(incident)
  local verdict = not listed[incident] and verdict_of(incident)
  listed[incident] = true
  if verdict and verdict[3] == 1 then
    counting[#counting + 1] = {incident, verdict[1], verdict[4], verdict[5], verdict[6]}
  end
end

-- The incidents of the upheld text that a text repeats whose campaign is not decided yet. `asked` is what `seen` has.
local function repeated_by_undecided(text, asked)
  if not anything_for(text) then
    return {}
  end
  local head, _, others = unpack(cmsgpack.unpack(asked))
  local heads = {head}
  for _, other in ipairs(others) do
    heads[#heads + 1] = other[2]
  end
  for _, each in ipairs(heads) do
    local ids = ids_of(each, text[4])
    concerned[ids[#ids]] = true
  end
  local entry = repeated(text) or {}
  local incidents = {}
  for i = 2, #entry do
    incidents[#incidents + 1] = entry[i]
    list(entry[i])
  end
  return incidents
end

for _, verdict in ipairs(learnt) do
  learn(verdict)
end
local names = {}  -- generation -> {name in `seen`, ...}
for _, text in ipairs(texts) do
  local generation = text[4][1]
  names[generation] = names[generation] or {}
  table.insert(names[generation], text[5])
end
local known = {}  -- generation -> {name -> what `seen` has}
for generation, fields in pairs(names) do
  known[generation] = {}
  for start = 1, #fields, 4000 do
    local finish = math.min(start + 3999, #fields)
    local values = redis.call('HMGET', prefix .. 'seen:' .. generation, unpack(fields, start, finish))
    for i = start, finish do
      known[generation][fields[i]] = values[i - start + 1] or nil
    end
  end
end
local answers, judgements = {}, {}  -- generation -> {name -> answer in `seen`} that is new
for index, text in ipairs(texts) do
  local generation, name = text[4][1], text[5]
  local seen = judgements[generation] and judgements[generation][name] or known[generation][name]
  if seen and #seen > JUDGED then
    answers[index] = repeated_by_undecided(text, seen)
  elseif seen and #seen == JUDGED then
    answers[index] = tonumber(string.sub(seen, JUDGED))
  else
    answers[index] = is_copy(text, seen and string.sub(seen, 1, ID)) and 1 or 0
    if seen then
      judgements[generation] = judgements[generation] or {}
      judgements[generation][name] = seen .. answers[index]
    end
  end
end
for generation, named in pairs(judgements) do
  local arguments = {}
  for name, answer in pairs(named) do
    arguments[#arguments + 1] = name
    arguments[#arguments + 1] = answer
  end
  for start = 1, #arguments, 4000 do
    redis.call('HSET', prefix .. 'seen:' .. generation, unpack(arguments, start, math.min(start + 3999, #arguments)))
  end
end
for id in pairs(concerned) do
  local incidents = judged_of(id)
  if #incidents > 0 then
    lists[#lists + 1] = {id, incidents}
    for _, incident in ipairs(incidents) do
      list(incident)
    end
  end
end
return cmsgpack.pack({answers, lists, counting})
