-- Which campaign each text of a batch belongs to; a text unlike all others founds one.
--
-- A campaign is known by its leader, the text that founded it. Tables are hashes per generation g (a stretch of event time,
-- expiring whole): `digest:g` normalised text -> leader, `band:g:i` i-th band of the signature -> leader, `leader:g` leader ->
-- campaign id and signature. Leaders carry ascending numbers, and the lowest number that is similar enough wins, so that the
-- answer depends neither on how the stream was cut into batches nor on a redelivery.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {bands, threshold, ttl in seconds, {text, ...}}, a text being
--          {digest, signature or "", id of the campaign that it would found, {own generation, other generations to look in}}
--          `signature`: big-endian 16-bit slots; `threshold`: share of equal slots from which texts are copies
-- returns  msgpack, parallel to the texts: {campaign id, similarity}

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local bands, threshold, ttl, texts = request[1], request[2], request[3], request[4]
local ID_BYTES, CANDIDATES = 16, 32

local written = {}  -- table name -> {field -> value}: what this batch adds, visible to its later texts at once
local fetched = {}  -- table name -> {field -> value or false}: what the store holds

local function want(name, field)
  fetched[name] = fetched[name] or {}
  fetched[name][field] = false
end

local function fetch_all()
  for name, fields in pairs(fetched) do
    local names = {}
    for field in pairs(fields) do
      names[#names + 1] = field
    end
    for start = 1, #names, 4000 do
      local finish = math.min(start + 3999, #names)
      local values = redis.call('HMGET', prefix .. name, unpack(names, start, finish))
      for i = start, finish do
        fields[names[i]] = values[i - start + 1]
      end
    end
  end
end

local function get(name, field)
  local own = written[name] and written[name][field]
  return own or (fetched[name] and fetched[name][field]) or nil
end

local function put_if_absent(name, field, value)
  if not get(name, field) then
    written[name] = written[name] or {}
    written[name][field] = value
  end
end

local function band_fields(signature)
  local width = #signature / bands
  local fields = {}
  for i = 1, bands do
    fields[i] = string.sub(signature, (i - 1) * width + 1, i * width)
  end
  return fields
end

local function similarity(left, right)
  if #left ~= #right or #left == 0 then
    return 0
  end
  local a, b = {string.byte(left, 1, #left)}, {string.byte(right, 1, #right)}
  local equal = 0
  for i = 1, #a, 2 do
    if a[i] == b[i] and a[i + 1] == b[i + 1] then
      equal = equal + 1
    end
  end
  return equal / (#a / 2)
end

-- Ask for everything that the batch can need, table by table.
for _, item in ipairs(texts) do
  item.fields = band_fields(item[2])
  for _, generation in ipairs(item[4]) do
    want('digest:' .. generation, item[1])
    if #item[2] > 0 then
      for i, field in ipairs(item.fields) do
        want('band:' .. generation .. ':' .. i, field)
      end
    end
  end
end
fetch_all()
local looked_up = fetched

-- Fetch the leaders that those answers name.
fetched = {}
for name, fields in pairs(looked_up) do
  local generation = string.match(name, '^%a+:(-?%d+)')
  for _, leader in pairs(fields) do
    if leader then
      want('leader:' .. generation, leader)
    end
  end
end
fetch_all()
for name, fields in pairs(looked_up) do
  fetched[name] = fields
end

local function new_leader()
  -- a script that runs twice finds its leaders by digest the second time, and at worst skips numbers
  local number = string.format('%.0f', redis.call('INCR', prefix .. 'leaders'))
  redis.call('EXPIRE', prefix .. 'leaders', ttl)
  return number
end

local function register(generation, leader, record, digest)
  put_if_absent('leader:' .. generation, leader, record)
  put_if_absent('digest:' .. generation, digest, leader)
  local signature = string.sub(record, ID_BYTES + 1)
  if #signature > 0 then
    for i, field in ipairs(band_fields(signature)) do
      put_if_absent('band:' .. generation .. ':' .. i, field, leader)
    end
  end
end

local function leader_record(generation, leader)
  return get('leader:' .. generation, leader)
end

-- The oldest leader that the text is a copy of: number, record, similarity.
local function match(item)
  local best, best_record, best_similarity
  local seen, candidates = {}, 0
  for _, generation in ipairs(item[4]) do
    local leader = get('digest:' .. generation, item[1])
    local record = leader and leader_record(generation, leader)
    if record and (not best or tonumber(leader) < best) then
      best, best_record, best_similarity = tonumber(leader), record, 1
      if #record > ID_BYTES and #item[2] > 0 then
        best_similarity = similarity(item[2], string.sub(record, ID_BYTES + 1))
      end
    end
  end
  if best or #item[2] == 0 then
    return best, best_record, best_similarity
  end
  for _, generation in ipairs(item[4]) do
    for i, field in ipairs(item.fields) do
      local leader = get('band:' .. generation .. ':' .. i, field)
      if leader and not seen[leader] and candidates < CANDIDATES then
        seen[leader], candidates = true, candidates + 1
        local record = leader_record(generation, leader)
        if record and (not best or tonumber(leader) < best) then
          local found = similarity(item[2], string.sub(record, ID_BYTES + 1))
          if found >= threshold then
            best, best_record, best_similarity = tonumber(leader), record, found
          end
        end
      end
    end
  end
  return best, best_record, best_similarity
end

local answers = {}
for index, item in ipairs(texts) do
  local own = item[4][1]
  local leader, record, found = match(item)
  if leader then
    leader = string.format('%.0f', leader)
  else
    leader, record, found = new_leader(), item[3] .. item[2], 1
  end
  register(own, leader, record, item[1])
  answers[index] = {string.sub(record, 1, ID_BYTES), string.format('%.4f', found)}
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
