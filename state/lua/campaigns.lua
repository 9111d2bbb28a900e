-- Which campaign each text of a batch belongs to; a text unlike all others founds one.
--
-- A campaign is known by its leaders: the text that founded it, and further texts that joined though they differ much from the
-- leaders before, so that a text which changes slowly stays in its campaign. Tables are hashes per generation g (a stretch of
-- event time, expiring whole):
--   seen:g      event and text -> what it was answered: campaign id and similarity, and, as soon as `known.lua` has said so, 1 or
--               0, whether it repeats what was upheld. What comes again gets the same answer, whatever was learnt since
--   brought:g   author -> texts brought in this generation; whoever has brought very many founds and teaches nothing more
--   digest:g    normalised text -> leader
--   band:g:i    i-th band of a signature -> numbers of leaders, joined by commas
--   leader:g    leader -> campaign id (16 bytes), campaign number (10 digits), signature, sealed author and text;
--               without the latter where it is too short for a signature, or its author was forgotten
--   size:g      campaign number -> leaders that it has got in this generation
--   sentence:g  sentence -> witnesses: texts that it stood in, no two of one author or one campaign, up to WITNESSES of them
--   learnt:m    of a long stretch m of event time: sentence that is boilerplate -> as `state/boilerplate.py` has it
--   merged:g    campaign number -> id and number of the older campaign that it turned out to be, similarity; written by
--               `merges.lua`, and here where what is followed would be forgotten
-- Leaders carry ascending numbers, and a campaign has the number of its first. Of several campaigns that a text is a copy of
-- the oldest wins, and the others are merged into it.
--
-- What many authors write over days in texts of different campaigns is nobody's: a template, a signature, a notice. A wave of
-- copies is one campaign and teaches nothing, nor do new accounts, nor do those whom people have found in breach. Of several such
-- sentences in one text those count that stood together before, so that nobody can teach a text sentence by sentence. Where such
-- sentences are a good part of a text, signatures are not clear. `state/boilerplate.py` says the same in Python, and has the numbers.
--
-- Signatures decide alone where they are clear. Where they are not, somebody has to look at the texts, who holds the key:
-- the text is answered with all that it may have in common with others, `state/campaigns.py` decides, and `merges.lua` writes
-- down what it decided. Until then the text's entry in `seen` says what was asked, so that the same is asked again if the event
-- comes again. Which leaders there are never depends on what was merged, and which campaigns are merged only on texts that
-- came before: so the answers do not depend on how the stream was cut into batches, or on a crash between the two steps.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {threshold, ttl in seconds, that of `learnt`, texts of an author in a generation, name of the batch, {text, ...}},
--          a text being {digest, signature or "", id of the campaign that it would found, {own generation, other generations to
--           look in}, author, sealed author and text or "", {{hash of a sentence, its length in letters and spaces, hash
--           of it and the author}, ...}, what it weighs as a witness, time in microseconds, {own stretch of `learnt`, others}, what
--           is kept of it as an example, 1 where a part of it is claimed to be others' words, else 0, whether it may be a form that
--           many fill in: of such signatures are not clear}
--          `signature`: 128 big-endian 16-bit slots of shingles, 128 bytes of words, 128 bytes of pairs of words, 16-bit number
--          of letters; `threshold`: share of equal slots of shingles from which long texts are copies, whatever their words
-- returns  msgpack {answers, how often a sentence was not learnt as boilerplate because there are too many}. Answers are parallel to
--          the texts: {campaign id, similarity}: the share of equal slots of shingles or of words,
--          whichever is more, to the campaign's first text; "" for the id of a new text of somebody who brought too many.
--          Where that is not decided yet: {head of the campaign that the text joined, similarity, head of what that is part of,
--          name in `seen`, {{head, similarity, sealed author and text, or "" where it is certain, 1 where signatures say that it is
--          the same, else 0, "" or, where it shares sentences, letters of the campaign's first text (16 bits) and the number of each
--          such sentence (8 bits)}, ...} campaigns that may be the same, {1 or 0, ...} whether each sentence is boilerplate},
--          a head being id and number of a campaign

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local threshold, ttl, learnt_ttl, most, batch, texts = unpack(request)
local shard = string.match(prefix, '^.-}:')  -- what keys begin with that have no scope

local FEW, LEAST_OF_FEW = 32, 4  -- slots looked at first: how many; and how many of them copies share at least
local CANDIDATES = 16            -- leaders that one text is compared with
local BANDS, WIDTH = 24, 6       -- parts of a signature that candidates are looked up by; bytes of one: three slots
local IN_BAND = 4                -- leaders kept of one band: the first ones
local LEADERS = 8                -- leaders that a campaign gets in one generation
local KNOWN_WELL = 0.8           -- a text more like a leader than this need not lead
local DOUBTS = 3                 -- texts that one text is to be compared with letter by letter
local PARTS = 2                  -- campaigns whose sentences a text may share, of those that share most
local LEAST_SHARED = 40          -- letters and spaces of these sentences

-- From what share of equal slots two texts are copies, by their number of letters (docs/near-duplicates.md has the
-- measurements): {letters, share}, straight lines between. Fewer letters prove less.
local SHORT_MARGIN = {{40, 0.35}, {70, 0.05}, {130, 0}}  -- how far the threshold moves towards 1
local OF_WORDS = {{40, 0.98}, {60, 0.72}, {75, 0.66}, {110, 0.56}, {170, 0.50}, {220, 0.40}}
local OF_PAIRS = {{40, 1.01}, {70, 0.50}, {130, 0.42}, {220, 0.40}}
local LEAST = 0.35               -- of shingles, for words to count, or for a doubt to keep a text from teaching
local SAME_LETTERS = 0.9         -- of shingles: copies whose words were cut or joined
local SOME_WORDS = 0.5           -- of words, for fewer shingles to count by themselves
-- as in `state/boilerplate.py`
local ENOUGH, DAYS = 10, 3       -- weight of its witnesses, and days of theirs, from which a sentence is boilerplate
local WITNESSES = 12             -- texts remembered of a sentence
local LEARNT = 10000             -- sentences that are boilerplate in one stretch
local TOGETHER = 3               -- campaigns from which on two sentences belong together
local AUTHOR, NUMBER, DAY, WITNESS = 8, 18, 23, 24  -- where an author, a campaign's number, a day and the weight of a witness end
local BARRED = '-'
local WEIGHTLESS = string.byte('0')
local GOOD_PART = 0.2            -- of a text: more boilerplate than this casts doubt on signatures
local SURE = 130                 -- letters; of shorter texts samples of shingles and words show too little
local SHORT = 40                 -- letters; of shorter texts only nearly equal signatures are clear
local SCATTERED = 34             -- letters; shorter texts have too few words to be told by
-- What is not clear is worth a look from here on.
local LEAST_OF_SHORT = 0.6       -- of shingles of short texts
local DOUBTFUL = 0.25            -- of shingles of others
local LEFT_OPEN = 0.75           -- similarity of texts that signatures leave open, at most: they are not nearly the same

local written = {}  -- table name -> {field -> value}: what this batch adds, visible to its later texts at once
local fetched = {}  -- table name -> {field -> value or false}: what the store holds
local wanted = {}   -- table name -> {field, ...}: what is to be fetched next

local function want(name, field)
  local known = fetched[name]
  if not known then
    known = {}
    fetched[name] = known
  end
  if known[field] == nil then
    known[field] = false
    local fields = wanted[name]
    if fields then
      fields[#fields + 1] = field
    else
      wanted[name] = {field}
    end
  end
end

local function fetch()
  for name, fields in pairs(wanted) do
    for start = 1, #fields, 4000 do
      local finish = math.min(start + 3999, #fields)
      local values = redis.call('HMGET', prefix .. name, unpack(fields, start, finish))
      local known = fetched[name]
      for i = start, finish do
        known[fields[i]] = values[i - start + 1]
      end
    end
  end
  wanted = {}
end

local function get(name, field)
  local own = written[name]
  local value = own and own[field]
  if value then
    return value
  end
  local known = fetched[name]
  value = known and known[field]
  if value == nil then
    want(name, field)
    fetch()
    value = fetched[name][field]
  end
  return value or nil
end

local function put(name, field, value)
  local own = written[name]
  if own then
    own[field] = value
  else
    written[name] = {[field] = value}
  end
end

local function digits(number)
  return string.format('%010.0f', number)
end

local names = {}  -- generation -> names of its tables of bands

local function band_names(generation)
  if not names[generation] then
    names[generation] = {}
    for i = 1, BANDS do
      names[generation][i] = 'band:' .. generation .. ':' .. i
    end
  end
  return names[generation]
end

-- The share of equal slots of shingles; 0 where the first few show that it is small.
local function similarity(left, right)
  if #left ~= #right or #left == 0 then
    return 0
  end
  left, right = slots(left), slots(right)
  local first = equal_slots(left, right, FEW)
  if first < LEAST_OF_FEW then
    return 0
  end
  return (first + equal_slots(left, right, SLOTS, FEW + 1)) / SLOTS
end

local CLEAR, CLOSE, DOUBT = 'clear', 'close', 'doubt'

-- The similarity of two signatures, and whether they are those of copies: CLEAR; CLOSE, which is clear where nobody can look at
-- the texts; DOUBT or nil.
local function compare(left, right)
  local found = similarity(left, right)
  if found < DOUBTFUL then
    return found, nil
  end
  local mean = (letters(left) + letters(right)) / 2
  if found >= SAME_LETTERS then
    return found, CLEAR
  end
  if mean < SHORT then
    return found, (mean >= SCATTERED or found >= LEAST_OF_SHORT) and DOUBT or nil
  end
  local sure = mean < SURE and CLOSE or CLEAR
  local words = equal_bytes(left, right, WORDS)
  if words >= SOME_WORDS and found >= threshold + (1 - threshold) * line(SHORT_MARGIN, mean) then
    return found, sure
  end
  if found >= LEAST and words >= line(OF_WORDS, mean) then
    return found, sure
  end
  if equal_bytes(left, right, PAIRS) >= line(OF_PAIRS, mean) then
    return found, sure
  end
  return found, DOUBT
end

-- The leaders that share most bands with the text, so many at most; the older first where they share as many.
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
  return {unpack(order, 1, CANDIDATES)}
end

-- Whether this batch has made known leaders that share a band with the text.
local function has_new_candidates(item)
  for _, generation in ipairs(item[4]) do
    local tables = band_names(generation)
    for i, field in ipairs(item.fields) do
      if written[tables[i]] and written[tables[i]][field] then
        return true
      end
    end
  end
  return false
end

-- Ask for everything that the batch can need at first, table by table, then for the leaders that the answers name.
for _, item in ipairs(texts) do
  item.fields = bands_of(item[2], BANDS, WIDTH)
  item.name = string.sub(item[3], 1, 8) .. string.sub(item[1], 1, 8)
  want('seen:' .. item[4][1], item.name)
  want('brought:' .. item[4][1], item[5])
  for _, stretch in ipairs(item[10]) do
    for _, sentence in ipairs(item[7]) do
      want('learnt:' .. stretch, sentence[1])
    end
  end
  for _, generation in ipairs(item[4]) do
    for _, sentence in ipairs(item[7]) do
      want('sentence:' .. generation, sentence[1])
    end
    want('digest:' .. generation, item[1])
    local tables = band_names(generation)
    for i, field in ipairs(item.fields) do
      want(tables[i], field)
    end
  end
end
fetch()
for _, item in ipairs(texts) do
  item.candidates = candidates(item)
end
for _, item in ipairs(texts) do
  local named = {unpack(item.candidates)}
  for _, generation in ipairs(item[4]) do
    named[#named + 1] = get('digest:' .. generation, item[1])
  end
  for _, generation in ipairs(item[4]) do
    for _, leader in ipairs(named) do
      want('leader:' .. generation, leader)
    end
  end
end
fetch()

local function number_of(head)
  return tonumber(string.sub(head, ID + 1, HEAD))
end

local leaders_before = tonumber(redis.call('GET', prefix .. 'leaders') or 0)
local leaders = leaders_before

-- What a table says of a campaign. Of one that this batch has founded the store knows nothing, and need not be asked.
local function said_of(name, number)
  if tonumber(number) > leaders_before then
    return written[name] and written[name][number]
  end
  return get(name, number)
end

-- The head of the campaign that a campaign has become part of by now, and how similar the texts are that made it so. What is
-- followed is kept as long as the text that follows it, and followed in one step from then on.
local function root_of(head, generations)
  local own, alike, steps = 'merged:' .. generations[1], 1, 0
  local root = head
  while true do
    local number, older = string.sub(root, ID + 1, HEAD), nil
    for _, generation in ipairs(generations) do
      older = older or said_of('merged:' .. generation, number)
    end
    if not older then
      break
    end
    root, alike, steps = string.sub(older, 1, HEAD), math.min(alike, tonumber(string.sub(older, HEAD + 1))), steps + 1
  end
  local number = string.sub(head, ID + 1, HEAD)
  if steps > 1 or (steps == 1 and not said_of(own, number)) then
    put(own, number, root .. string.format('%.4f', alike))
  end
  return root, alike
end

local function signature_in(record)
  return string.sub(record, HEAD + 1, HEAD + SIGNATURE)
end

local function text_in(record)
  return string.sub(record, HEAD + SIGNATURE + 1)
end

local function leader_record(leader, generations)
  for _, generation in ipairs(generations) do
    local record = get('leader:' .. generation, leader)
    if record then
      return record
    end
  end
end

-- Makes a leader known in a generation. `rest` is its record after the head.
local function register(generation, leader, head, rest)
  if written['leader:' .. generation] and written['leader:' .. generation][leader] then
    return
  end
  if tonumber(leader) <= leaders_before and get('leader:' .. generation, leader) then
    return
  end
  local record = head .. rest
  put('leader:' .. generation, leader, record)
  local tables = band_names(generation)
  for i, field in ipairs(bands_of(signature_in(record), BANDS, WIDTH)) do
    local there = get(tables[i], field)
    if not there then
      put(tables[i], field, leader)
    else
      local _, commas = string.gsub(there, ',', '')
      if commas < IN_BAND - 1 then
        put(tables[i], field, there .. ',' .. leader)
      end
    end
  end
end

local function new_leader()
  leaders = leaders + 1
  return string.format('%.0f', leaders)
end

-- Each witness of a sentence that weighs anything, or each (`all`): its author, the number of its campaign, day and weight.
local function each_witness(witnesses, all)
  local at = 1 - WITNESS
  return function()
    repeat
      at = at + WITNESS
    until at > #witnesses or all or string.byte(witnesses, at + WITNESS - 1) ~= WEIGHTLESS
    if at <= #witnesses then
      return string.sub(witnesses, at, at + AUTHOR - 1), string.sub(witnesses, at + AUTHOR, at + NUMBER - 1),
        string.sub(witnesses, at + NUMBER, at + DAY - 1), string.sub(witnesses, at + DAY, at + DAY)
    end
  end
end

-- In how many texts two sentences stood together, as far as remembered.
local function together(one, other)
  local count = 0
  for _, number in each_witness(one) do
    for _, another in each_witness(other) do
      count = count + (number == another and 1 or 0)
    end
  end
  return count
end

-- What `learnt` has of a sentence, and of which stretch; the text's own first.
local function learnt_of(item, sentence)
  for _, stretch in ipairs(item[10]) do
    local found = get('learnt:' .. stretch, sentence[1])
    if found then
      return found, stretch
    end
  end
end

-- The witnesses that `learnt` has, and what follows them.
local function parts_of(learnt)
  local last = 1 + WITNESS * string.byte(learnt)
  return string.sub(learnt, 2, last), string.sub(learnt, last + 1)
end

local function packed(witnesses, rest)
  return string.char(#witnesses / WITNESS) .. witnesses .. rest
end

-- Whether so many unrelated members have written a sentence on so many days that it is boilerplate.
local function are_enough(witnesses)
  local weight, days, count = 0, {}, 0
  for _, _, day, weighs in each_witness(witnesses) do
    weight = weight + tonumber(weighs)
    count = count + (days[day] and 0 or 1)
    days[day] = true
  end
  return weight >= ENOUGH and count >= DAYS
end

-- Whether each sentence of a text is boilerplate, and whether those that are make up a good part of it.
local function boilerplate_in(item)
  local known, share, group = {}, 0, {}
  for i, sentence in ipairs(item[7]) do
    known[i] = 0
    local learnt = learnt_of(item, sentence)
    if learnt and learnt ~= BARRED then
      local witnesses = parts_of(learnt)
      known[i] = 1
      for _, other in ipairs(group) do
        known[i] = together(witnesses, other) >= TOGETHER and known[i] or 0
      end
      if known[i] == 1 then
        group[#group + 1] = witnesses
      end
    end
    share = share + known[i] * sentence[2]
  end
  return known, share > 0 and share >= GOOD_PART * letters(item[2])
end

local breaches = {}  -- author -> {time of a verdict that upheld a breach, ...}

-- Whether people had found the author in breach of the code before the text.
local function in_breach(item)
  local author = item[5]
  if not breaches[author] then
    breaches[author] = {}
    local all = redis.call('HGETALL', shard .. 'verdicts:' .. author)
    for i = 2, #all, 2 do
      local verdict = cmsgpack.unpack(all[i])
      if verdict[3] == 1 then
        table.insert(breaches[author], verdict[1])
      end
    end
  end
  for _, time in ipairs(breaches[author]) do
    if time < item[9] then
      return true
    end
  end
  return false
end

local learnt_count = {}  -- stretch -> sentences that are boilerplate

local refused = 0        -- sentences for which there was no room

local function is_room(stretch)
  learnt_count[stretch] = (learnt_count[stretch] or redis.call('HLEN', prefix .. 'learnt:' .. stretch)) + 1
  local room = learnt_count[stretch] <= LEARNT
  refused = refused + (room and 0 or 1)
  return room
end

-- Who wrote a sentence and in which campaigns, as far as remembered; and what `learnt` has beside that, where it is boilerplate.
local function witnesses_of(item, sentence)
  local learnt, stretch = learnt_of(item, sentence)
  if learnt and learnt ~= BARRED then
    local witnesses, rest = parts_of(learnt)
    return witnesses, learnt, stretch, rest
  end
  local witnesses = ''
  for _, generation in ipairs(item[4]) do
    local found = get('sentence:' .. generation, sentence[1]) or ''
    witnesses = #found > #witnesses and found or witnesses
  end
  return witnesses, learnt, stretch
end

-- Learns of each sentence of a text who wrote it and in which campaign. What is boilerplate stays so as long as it is used. Where
-- nobody is known to have written it, that is remembered of everybody, though it may weigh nothing: it leads to the campaign.
local function learn(item, head)
  local table_name, own = 'sentence:' .. item[4][1], item[10][1]
  local number = string.sub(head, ID + 1, HEAD)
  for _, sentence in ipairs(item[7]) do
    local author = sentence[3]
    local witnesses, learnt, stretch, rest = witnesses_of(item, sentence)
    local weight = learnt ~= BARRED and item[8] or 0
    local new = #witnesses < WITNESSES * WITNESS
    for other, campaign in each_witness(witnesses, true) do
      new = new and other ~= author and campaign ~= number
    end
    if new and weight > 0 and in_breach(item) then
      weight = 0
    end
    if new and (weight > 0 or witnesses == '') then
      witnesses = witnesses .. author .. number .. string.format('%05.0f%.0f', math.floor(item[9] / 86400e6), weight)
      if learnt and learnt ~= BARRED then
        put('learnt:' .. own, sentence[1], packed(witnesses, rest))
      else
        put(table_name, sentence[1], witnesses)
        if are_enough(witnesses) and is_room(own) then
          put('learnt:' .. own, sentence[1], packed(witnesses, author .. item[11]))
        end
      end
    elseif learnt and stretch ~= own then
      put('learnt:' .. own, sentence[1], learnt)
    end
  end
end

-- The campaigns whose sentences the text shares most of, that are nobody's boilerplate: {leader, head, similarity, in doubt,
-- no copy by its signature, letters of the leader and a byte for each shared sentence}.
local function sharing(item, known)
  local shared, order = {}, {}
  for i, sentence in ipairs(known and item[7] or {}) do
    local seen = {}
    for author, number in each_witness(known[i] == 0 and witnesses_of(item, sentence) or '', true) do
      if author ~= sentence[3] and not seen[number] then
        seen[number] = true
        if not shared[number] then
          shared[number] = {number = number, length = 0, sentences = ''}
          order[#order + 1] = shared[number]
        end
        shared[number].length = shared[number].length + sentence[2]
        shared[number].sentences = shared[number].sentences .. string.char(i)
      end
    end
  end
  table.sort(order, function(a, b)
    return a.length > b.length or (a.length == b.length and a.number < b.number)
  end)
  local found = {}
  for _, one in ipairs({unpack(order, 1, PARTS)}) do
    local leader = string.format('%.0f', tonumber(one.number))
    local record = one.length >= LEAST_SHARED and leader_record(leader, item[4])
    if record and #signature_in(record) > 0 then
      local size = string.sub(signature_in(record), LETTERS + 1)
      found[#found + 1] = {leader, string.sub(record, 1, HEAD), '0', 1, 0, size .. one.sentences}
    end
  end
  return found
end

-- The leaders that the text is a copy of, and those of which that is in doubt, the most similar ones of these:
-- {leader, record, similarity, head and number of the campaign, whether signatures say that it is a copy}; and the oldest
-- campaign of which they say so.
local function matches(item, templated)
  local found, doubtful = {}, {}
  local function add(to, leader, record, alike, clear)
    local head = string.sub(record, 1, HEAD)
    to[#to + 1] = {
      leader = leader, record = record, similarity = alike, head = head, number = number_of(head), clear = clear and 1 or 0,
    }
  end
  for _, generation in ipairs(item[4]) do
    local leader = get('digest:' .. generation, item[1])
    local record = leader and leader_record(leader, item[4])
    if record then
      add(found, leader, record, 1)
    end
  end
  if #found > 0 then
    return found, doubtful
  end
  for _, leader in ipairs(has_new_candidates(item) and candidates(item) or item.candidates) do
    local record = leader_record(leader, item[4])
    if record then
      local alike, verdict = compare(item[2], signature_in(record))
      local kept = #text_in(record) > 0 and #item[6] > 0
      if (verdict == CLEAR and not (templated and kept)) or (verdict == CLOSE and not kept) then
        add(found, leader, record, alike)
      elseif verdict and kept then
        add(doubtful, leader, record, alike, verdict ~= DOUBT)
      end
    end
  end
  table.sort(doubtful, function(a, b)
    return a.similarity > b.similarity or (a.similarity == b.similarity and tonumber(a.leader) < tonumber(b.leader))
  end)
  local close
  for _, match in ipairs(doubtful) do
    if match.clear == 1 and (not close or match.number < close.number) then
      close = match
    end
  end
  return found, {unpack(doubtful, 1, DOUBTS)}, close
end

-- The text joins the oldest campaign among the matches.
local function join(item, found)
  local own = item[4][1]
  local best = found[1]
  for _, match in ipairs(found) do
    if match.number < best.number or (match.number == best.number and match.similarity > best.similarity) then
      best = match
    end
  end
  register(own, best.leader, best.head, string.sub(best.record, HEAD + 1))
  local first = string.format('%.0f', best.number)
  local founder = leader_record(first, item[4])
  local alike = best.similarity
  if founder then
    local signature = signature_in(founder)
    register(own, first, best.head, string.sub(founder, HEAD + 1))
    if #item[2] > 0 and #signature > 0 then
      alike = math.max(similarity(item[2], signature), equal_bytes(item[2], signature, WORDS))
    end
  end
  local leader = best.leader
  local size = tonumber(get('size:' .. own, digits(best.number)) or 0)
  if best.similarity < KNOWN_WELL and size < LEADERS then
    leader = new_leader()
    register(own, leader, best.head, item[2] .. item[6])
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

-- The campaign that a text joins or founds when it comes for the first time: its head, the similarity, whether that is
-- remembered, {{leader, head, similarity, in doubt (1 or 0), a copy by its signature (1 or 0)}, ...} what other campaigns may be
-- the same, and whether each sentence is boilerplate. Nil where the text has no campaign.
local function join_or_found(item)
  local own = item[4][1]
  local remembered = may_bring(own, item[5])
  local new = not get('digest:' .. own, item[1])
  if new and not remembered then
    return nil
  end
  local known, templated = boilerplate_in(item)
  templated = templated or item[12] == 1
  local found, doubtful, close = matches(item, templated or item[13])
  local leader, head, alike
  if #found > 0 then
    leader, head, alike = join(item, found)
  else
    leader, alike = new_leader(), 1
    head = item[3] .. digits(tonumber(leader))
    register(own, leader, head, item[2] .. item[6])
  end
  if new then
    put('digest:' .. own, item[1], leader)
  end
  local others = {}
  local function add(among, in_doubt)
    for _, match in ipairs(remembered and among or {}) do
      if match.head ~= head then
        local alike_at_most = in_doubt == 1 and match.clear == 0 and LEFT_OPEN or 1
        local share = string.format('%.4f', math.min(match.similarity, alike_at_most))
        others[#others + 1] = {match.leader, match.head, share, in_doubt, match.clear}
      end
    end
  end
  add(found, 0)
  add(doubtful, 1)
  for _, part in ipairs(#found == 0 and remembered and sharing(item, known) or {}) do
    others[#others + 1] = part
  end
  -- what may be a copy but for boilerplate must not teach that its other sentences are that, too; and what most likely is one
  -- is no other campaign's text
  if remembered and not (templated and #doubtful > 0 and doubtful[1].similarity >= LEAST) then
    learn(item, close and close.head or head)
  end
  return head, alike, remembered, others, known
end

-- Number of a campaign -> whether a text of this batch may make it part of another. A batch may take several runs; `undecided:` hands
-- it on from one to the next, msgpack {number, ...}.
local undecided, undecided_before = {}, 0

for _, number in ipairs(cmsgpack.unpack(redis.call('GET', prefix .. 'undecided:' .. batch) or cmsgpack.pack({}))) do
  undecided[number] = true
  undecided_before = undecided_before + 1
end

local function hand_on_undecided()
  local numbers = {}
  for number in pairs(undecided) do
    numbers[#numbers + 1] = number
  end
  if #numbers > undecided_before then
    redis.call('SET', prefix .. 'undecided:' .. batch, cmsgpack.pack(numbers), 'EX', 600)
  end
end

-- The answer for a text that joined the campaign `head`, if `others` may be the same. That waits for a decision, too, where one
-- about an earlier text of the batch may concern it.
local function answer_for(item, head, alike, remembered, others, known)
  local root, by_merging = root_of(head, item[4])
  alike = math.min(alike, by_merging)
  local asked = {}
  for _, other in ipairs(others) do
    local other_root = root_of(other[2], item[4])
    local record = other[4] == 1 and leader_record(other[1], item[4])
    local text = record and text_in(record) or ''
    -- without a text, because its author was forgotten meanwhile, signatures decide, as in `matches`
    if other_root ~= root and (other[4] == 0 or other[6] or text ~= '' or (record and other[5] == 1)) then
      asked[#asked + 1] = {other_root, other[3], other[6] and '' or text, other[5], other[6] or ''}
      undecided[number_of(other_root)] = true
    end
  end
  if #asked == 0 and not undecided[number_of(root)] then
    local answer = string.sub(root, 1, ID) .. string.format('%.4f', alike)
    if remembered then
      put('seen:' .. item[4][1], item.name, answer)
    end
    return {string.sub(answer, 1, ID), string.sub(answer, ID + 1)}
  end
  undecided[number_of(root)] = true
  return {head, string.format('%.4f', alike), root, remembered and item.name or '', asked, known}
end

local answers = {}
for index, item in ipairs(texts) do
  local seen = 'seen:' .. item[4][1]
  local before = get(seen, item.name)
  if before and #before <= JUDGED then
    answers[index] = {string.sub(before, 1, ID), string.sub(before, ID + 1, ANSWER)}
  elseif before then
    local head, alike, others, known = unpack(cmsgpack.unpack(before))
    answers[index] = answer_for(item, head, alike, true, others, known)
  else
    local head, alike, remembered, others, known = join_or_found(item)
    if not head then
      answers[index] = {'', ''}
    else
      if remembered then
        put(seen, item.name, cmsgpack.pack({head, alike, others, known}))
      end
      answers[index] = answer_for(item, head, alike, remembered, others, known)
    end
  end
end

hand_on_undecided()
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
  redis.call('EXPIRE', prefix .. name, string.sub(name, 1, 7) == 'learnt:' and learnt_ttl or ttl)
end
return cmsgpack.pack({answers, refused})
