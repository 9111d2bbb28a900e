-- Tells who wrote the texts of a batch before, and who got them, as far as their campaigns know: `state.quotations` keeps it.
--
-- This script runs after `campaigns.lua` and reads its tables `seen` and `merged`. Where it is not decided yet which campaign a text
-- belongs to, all those are told that it may belong to.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {{{its generation, other generations to look in}, name in `seen`, 1 or 0 whether its campaign's source is asked for},
--          ...}, the texts
-- returns  msgpack {outcomes, {{id of a campaign, {its value in `source`, ...}}, ...}}: parallel to the texts what `shown` has of each
--          or ""; and the sources of the campaigns that are known, each with the values of all its generations

local prefix = KEYS[1]
local texts = cmsgpack.unpack(ARGV[1])[1]
local CAMPAIGN = 8  -- bytes of a campaign's id in `source`
local MERGES = 16   -- how often a campaign is followed into an older one

local function hget(name, generation, field)
  return redis.call('HGET', prefix .. name .. string.format('%.0f', generation), field) or nil
end

local function root_of(head, generations)
  for _ = 1, MERGES do
    local older
    for _, generation in ipairs(generations) do
      older = older or hget('merged:', generation, string.sub(head, ID + 1, HEAD))
    end
    if not older then
      break
    end
    head = string.sub(older, 1, HEAD)
  end
  return head
end

local told, sources = {}, {}

local function tell(id, generations)
  local campaign = string.sub(id, 1, CAMPAIGN)
  if told[campaign] then
    return
  end
  told[campaign] = true
  local values = {}
  for _, generation in ipairs(generations) do
    values[#values + 1] = hget('source:', generation, campaign)
  end
  if #values > 0 then
    sources[#sources + 1] = {campaign, values}
  end
end

local outcomes = {}
for index, text in ipairs(texts) do
  local generations, name, asked = unpack(text)
  outcomes[index] = asked == 1 and hget('shown:', generations[1], name) or ''
  local seen = hget('seen:', generations[1], name)
  if seen and #seen > JUDGED then
    local head, _, others = unpack(cmsgpack.unpack(seen))
    tell(root_of(head, generations), generations)
    for _, other in ipairs(others) do
      tell(root_of(other[2], generations), generations)
    end
  elseif seen and asked == 1 then
    tell(seen, generations)
  end
end
return cmsgpack.pack({outcomes, sources})
