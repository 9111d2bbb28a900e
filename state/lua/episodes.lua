-- Open episodes, make them grow, or say that nothing new is worth telling; for a batch of claims, in order.
--
-- `episode:` holds the latest episode of one subject under one rule: msgpack {incident id, revision, opened, latest finding,
-- level, severity, {first ten event ids}, opening}. `told:` holds what one event made of it, so that a redelivered event tells the same again.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {ttl in seconds, {claim, ...}}, a claim being
--          {key, event key, incident id, time, opened, level, severity, gap, growth, {event id, ...} oldest first,
--           opening, payload}
-- returns  msgpack, parallel to the claims: "" or msgpack {incident id, revision, opened, {event id, ...}, opening, payload}

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local grace, claims = request[1], request[2]
local FIRST, LATEST = 10, 10

-- The episode's first ten events stay; the claim's latest ten that are not among them follow.
local function merge(first, ids)
  local seen = {}
  for _, id in ipairs(first) do
    seen[id] = true
  end
  for _, id in ipairs(ids) do
    if #first < FIRST and not seen[id] then
      first[#first + 1], seen[id] = id, true
    end
  end
  local latest = {}
  for i = #ids, 1, -1 do
    if #latest < LATEST and not seen[ids[i]] then
      table.insert(latest, 1, ids[i])
      seen[ids[i]] = true
    end
  end
  local all = {}
  for _, id in ipairs(first) do
    all[#all + 1] = id
  end
  for _, id in ipairs(latest) do
    all[#all + 1] = id
  end
  return all
end

local function claimed(key, claim)
  local _, _, incident, time, opened, level, severity, gap, growth, ids = unpack(claim)
  local stored = redis.call('GET', key)
  local episode = stored and cmsgpack.unpack(stored)
  if not episode or time > episode[4] + gap then
    episode = {incident, 1, opened, time, level, severity, {}, claim[11]}
    return episode, true
  end
  local grown = level >= episode[5] * growth or severity > episode[6]
  episode[4] = math.max(episode[4], time)
  if grown and time >= episode[3] then
    episode[2], episode[5], episode[6] = episode[2] + 1, math.max(level, episode[5]), math.max(severity, episode[6])
    return episode, true
  end
  return episode, false
end

local answers = {}
for index, claim in ipairs(claims) do
  local key, told = prefix .. 'episode:' .. claim[1], prefix .. 'told:' .. claim[2]
  local answer = redis.call('GET', told)
  if not answer then
    local episode, tell = claimed(key, claim)
    local ttl = math.ceil(claim[8] / 1000000) + grace
    if tell then
      local ids = merge(episode[7], claim[10])
      answer = cmsgpack.pack({episode[1], episode[2], episode[3], ids, episode[8], claim[12]})
      redis.call('SET', told, answer, 'EX', ttl)
    end
    redis.call('SET', key, cmsgpack.pack(episode), 'EX', ttl)
  end
  answers[index] = answer or ''
end
return cmsgpack.pack(answers)
