-- Writes down what was decided about texts that `campaigns.lua` could not decide: which campaigns are one, and the answers.
--
-- Tables are those of `campaigns.lua`, `merged:g` and `seen:g`, and `upheld:` of `known.lua`. A decision is written once: where the
-- text is answered already, nothing happens. So running twice changes nothing.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {ttl in seconds, ttl of judged incidents, {decision, ...}}, a decision being
--          {name in `seen`, {own generation, other generations to look in}, head of the campaign that the text joined,
--           {{head, similarity}, ...} campaigns that are the same, answer as in `seen`,
--           {incident, ...} judged ones that count for the answer's campaign, too, by what was decided}
-- returns  msgpack: number of answers written

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local ttl, judged_ttl, decisions = request[1], request[2], request[3]

local written = {}

local function put(name, field, value)
  redis.call('HSET', prefix .. name, field, value)
  written[name] = true
end

local function number_of(head)
  return string.sub(head, ID + 1, HEAD)
end

local function older_than(head, generations)
  for _, generation in ipairs(generations) do
    local older = redis.call('HGET', prefix .. 'merged:' .. generation, number_of(head))
    if older then
      return older
    end
  end
end

-- As in `campaigns.lua`: the head of the campaign that a campaign has become part of, and the similarity.
local function root_of(head, generations)
  local alike = 1
  local older = older_than(head, generations)
  while older do
    head, alike = string.sub(older, 1, HEAD), math.min(alike, tonumber(string.sub(older, HEAD + 1)))
    older = older_than(head, generations)
  end
  return head, alike
end

-- Of two campaigns the younger is merged into the older.
local function unite(left, right, alike, generations)
  local one, other = root_of(left, generations), root_of(right, generations)
  if one == other then
    return
  end
  if tonumber(number_of(other)) > tonumber(number_of(one)) then
    one, other = other, one
  end
  put('merged:' .. generations[1], number_of(one), other .. alike)
end

-- Verdicts on a text that joined the campaign, or on a campaign that was merged into it, are verdicts on it.
local function judge(id, incidents)
  if #incidents > 0 then
    local key = prefix .. 'upheld:' .. id
    local stored = redis.call('GET', key)
    local judged = stored and cmsgpack.unpack(stored) or {}
    for _, incident in ipairs(incidents) do
      add_incident(judged, 1, incident)
    end
    redis.call('SET', key, cmsgpack.pack(judged), 'EX', judged_ttl)
  end
end

local count = 0
for _, decision in ipairs(decisions) do
  local name, generations, head, same, answer, incidents = unpack(decision)
  local before = redis.call('HGET', prefix .. 'seen:' .. generations[1], name)
  if before and #before > JUDGED then
    for _, other in ipairs(same) do
      unite(head, other[1], other[2], generations)
    end
    local root, alike = root_of(head, generations)
    if root ~= head then
      -- kept as long as the text
      put('merged:' .. generations[1], number_of(head), root .. string.format('%.4f', alike))
    end
    judge(string.sub(answer, 1, ID), incidents)
    put('seen:' .. generations[1], name, answer)
    count = count + 1
  end
end
for name in pairs(written) do
  redis.call('EXPIRE', prefix .. name, ttl)
end
return cmsgpack.pack(count)
