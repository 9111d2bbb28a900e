-- Open episodes, make them grow, or say that nothing new is worth telling; for a batch of claims, in order.
--
-- `episode:` holds the latest episode of one subject under one rule: msgpack {incident id, revision, opened, latest finding,
-- level, severity, {first ten event ids}, opening, subject, end of the episode before, members, subject's hash}, where level,
-- severity and members are those of its last revision. `members:` holds the accounts that took part in it, numbered as they
-- came. `revision:` holds what one event made of its episodes, msgpack {{episode, revision as returned, 1 if it opened}, ...}, so that
-- an event which is delivered again tells the same again. `incident:` holds whom an incident is about, and a memo for whoever gets to know what
-- people said of it: msgpack {sealed subject, memo, sealed member who wrote the text first, or ""}.
--
-- What they said is in `verdicts:` (see verdicts.lua). A verdict counts for findings after it. An upheld one is part of the
-- subject's record for some time after the incident happened; while the latest one about a subject under a rule is a dismissal,
-- the rule is silent about the subject for some time, unless the finding is graver by a factor than what was dismissed.
--
-- What a live rule finds is told in shadow, in an episode of its own, where the claim says why, or where the rule has opened all the
-- live episodes that it may open on a day of event time: `opened:` counts them, a hash per day, rule -> number. An event opens few
-- episodes; what would open more is not told.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {grace in seconds, cap of members, seconds to live of `opened:`, {claim, ...}}, a claim being
--          {key, event key, incident id, time, opened, level, severity, gap, growth, {event id, ...} oldest first,
--           opening, payload, subject, {member, ...}, subject's hash, rule, memo, seconds that it is kept, how long an upheld
--           incident is part of a record, how long a dismissal silences (0 never), factor from which it does not, why it is told in
--           shadow or "", live episodes that the rule may open on a day (0 any number), key and incident id if it is told in shadow,
--           episodes that the event may open, {hash, ...} what it is about besides the subject, who wrote the text first or ""}
-- returns  msgpack, parallel to the claims: "" for nothing worth telling, "-" for what is silenced by a dismissal, "#" for what would
--          open one episode too many, or msgpack
--          {incident id, revision, opened, {event id, ...}, opening, payload, number of members besides the subject,
--           {the first 100 of them, ...}, number of upheld incidents in the subject's record, their weight, why in shadow or ""}

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local grace, cap, opened_ttl, claims = request[1], request[2], request[3], request[4]
local FIRST, LATEST, NAMED = 10, 10, 100
local INCIDENT, REVISION, OPENED, LATEST_FINDING, LEVEL, SEVERITY, EVENTS, OPENING, SUBJECT, END_BEFORE, MEMBERS, SUBJECT_HASH =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
local SAID_AT, SAID_BY, UPHELD, RULE, HAPPENED, WEIGHT, SAID_OF, ABOUT = 1, 2, 3, 4, 6, 7, 8, 10  -- fields of a verdict
local NEVER = -9007199254740992
local SILENCED, CUT = '-', '#'
local DAILY_CAP = 'daily_cap'
local DAY = 86400000000

-- The episode's first ten events stay; the claim's latest ten that are not among them follow.
local function merge(first, ids)
  local seen, all, latest = {}, {}, {}
  for _, id in ipairs(first) do
    seen[id] = true
  end
  for _, id in ipairs(ids) do
    if #first < FIRST and not seen[id] then
      first[#first + 1], seen[id] = id, true
    end
  end
  for i = #ids, 1, -1 do
    if #latest < LATEST and not seen[ids[i]] then
      latest[#latest + 1], seen[ids[i]] = ids[i], true
    end
  end
  for _, id in ipairs(first) do
    all[#all + 1] = id
  end
  for i = #latest, 1, -1 do
    all[#all + 1] = latest[i]
  end
  return all
end

-- The episode that a claim opens where that before was over at a time.
local function new_episode(claim, incident, over)
  return {incident, 0, claim[5], claim[4], 0, -1, {}, claim[11], claim[13], over, 0, claim[15]}
end

-- The episode that the claim belongs to, and whether the claim opens it. Nothing where it belongs to one that is over and
-- forgotten.
local function episode_of(stored, claim, incident)
  local before = stored and cmsgpack.unpack(stored)
  local time, gap = claim[4], claim[8]
  if not before or time > before[LATEST_FINDING] + gap then
    local over = before and before[LATEST_FINDING] + gap or NEVER
    return new_episode(claim, incident, over), true
  end
  if time <= before[END_BEFORE] then
    return nil
  end
  before[LATEST_FINDING] = math.max(before[LATEST_FINDING], time)
  return before, false
end

-- Adds who took part; how many did.
local function add_members(key, members, ttl)
  if redis.call('ZCARD', key) < cap then
    local last = tonumber(redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2] or 0)
    local arguments = {}
    for i, member in ipairs(members) do
      arguments[#arguments + 1] = last + i
      arguments[#arguments + 1] = member
    end
    redis.call('ZADD', key, 'NX', unpack(arguments))
  end
  redis.call('EXPIRE', key, ttl)
  return redis.call('ZCARD', key)
end

local function members_besides(key, subject)
  local others = {}
  for _, member in ipairs(redis.call('ZRANGE', key, 0, NAMED)) do
    if member ~= subject and #others < NAMED then
      others[#others + 1] = member
    end
  end
  local count = redis.call('ZCARD', key)
  return redis.call('ZSCORE', key, subject) and count - 1 or count, others
end

-- Whether the claim, or those who took part meanwhile, make enough of a difference to tell; then the episode is that revision.
local function revise(episode, opens, claim, member_count)
  local level, severity, growth = claim[6], claim[7], claim[9]
  -- a level is a share of a limit: eleven of three must be a tenth more than ten of three
  local grown = level >= episode[LEVEL] * growth - 1e-9
    or severity > episode[SEVERITY]
    or (member_count > episode[MEMBERS] and member_count >= episode[MEMBERS] * growth)
  if not (opens or grown) then
    return false
  end
  episode[REVISION] = episode[REVISION] + 1
  episode[LEVEL], episode[SEVERITY] = math.max(level, episode[LEVEL]), math.max(severity, episode[SEVERITY])
  episode[MEMBERS] = member_count
  return true
end

local said = {}  -- subject's hash -> incident -> verdict

local function verdicts_on(subject)
  if not said[subject] then
    said[subject] = {}
    local all = redis.call('HGETALL', prefix .. 'verdicts:' .. subject)
    for i = 1, #all, 2 do
      said[subject][all[i]] = cmsgpack.unpack(all[i + 1])
    end
  end
  return said[subject]
end

-- Whether a verdict says something of what a claim is about. What was said before there was any such was said of the rule.
local function concerns(verdict, about)
  local said_about = verdict[ABOUT] or {}
  if #said_about == 0 then
    return true
  end
  for _, one in ipairs(said_about) do
    for _, other in ipairs(about) do
      if one == other then
        return true
      end
    end
  end
  return false
end

-- Whether the latest word on the subject under this rule, and on what the finding is about, is a dismissal that still holds for it.
local function is_silenced(claim, verdicts)
  local time, level, rule, silence, graver = claim[4], claim[6], claim[16], claim[20], claim[21]
  local last
  for _, one in pairs(verdicts) do
    local later = not last or one[SAID_AT] > last[SAID_AT] or (one[SAID_AT] == last[SAID_AT] and one[SAID_BY] > last[SAID_BY])
    if one[RULE] == rule and one[SAID_AT] < time and later and concerns(one, claim[27]) then
      last = one
    end
  end
  return last and last[UPHELD] == 0 and time <= last[SAID_AT] + silence and level < last[SAID_OF] * graver
end

-- How many other incidents of the subject were upheld, and their weight.
local function record(claim, incident, verdicts)
  local count, weight = 0, 0
  for other, one in pairs(verdicts) do
    local holds = one[SAID_AT] < claim[4] and claim[4] <= one[HAPPENED] + claim[19]
    if one[UPHELD] == 1 and holds and other ~= incident then
      count, weight = count + 1, weight + one[WEIGHT]
    end
  end
  return count, weight
end

local function told_before(told, key)
  for _, one in ipairs(told) do
    if one[1] == key then
      return one[2]
    end
  end
end

local function opened_key(time)
  return prefix .. 'opened:' .. string.format('%.0f', math.floor(time / DAY))
end

-- How many live episodes a rule has opened on the day of a time.
local function opened_on(time, rule)
  return tonumber(redis.call('HGET', opened_key(time), rule) or 0)
end

local function count_opening(time, rule)
  redis.call('HSET', opened_key(time), rule, string.format('%.0f', opened_on(time, rule) + 1))
  redis.call('EXPIRE', opened_key(time), opened_ttl)
end

-- What a claim is about: the key as it is told, the episode, whether the claim opens it, and why it is told in shadow.
local function target_of(claim)
  local key, incident, reason, most = claim[1], claim[3], claim[22], claim[23]
  if reason == '' then
    local episode, opens = episode_of(redis.call('GET', prefix .. 'episode:' .. key), claim, incident)
    if not (opens and most > 0 and opened_on(claim[4], claim[16]) >= most) then
      return key, episode, opens, ''
    end
    reason = DAILY_CAP
  end
  key, incident = claim[24], claim[25]
  local episode, opens = episode_of(redis.call('GET', prefix .. 'episode:' .. key), claim, incident)
  return key, episode, opens, reason
end

local function openings(told)
  local count = 0
  for _, one in ipairs(told) do
    count = count + (one[3] or 0)
  end
  return count
end

-- What the event is told under this key, from now on.
local function tell(told_key, told, key, answer, ttl, opens)
  -- what other claims of the event were told must not be forgotten sooner
  local told_ttl = #told > 0 and math.max(ttl, redis.call('TTL', told_key)) or ttl
  told[#told + 1] = {key, answer, opens and 1 or 0}
  redis.call('SET', told_key, cmsgpack.pack(told), 'EX', told_ttl)
  return answer
end

local function settle(claim, told_key, told)
  local ttl = math.ceil(claim[8] / 1000000) + grace
  local key, episode, opens, reason = target_of(claim)
  local episode_key = prefix .. 'episode:' .. key
  if not episode then
    return ''
  end
  local verdicts = verdicts_on(episode[SUBJECT_HASH] or claim[15])
  if is_silenced(claim, verdicts) then
    -- remembered, for people may change their mind before the event comes again
    return tell(told_key, told, claim[1], SILENCED, ttl)
  end
  local judged = not opens and verdicts[episode[INCIDENT]]
  if judged and judged[UPHELD] == 0 and judged[SAID_AT] < claim[4] and not concerns(judged, claim[27]) then
    -- what was dismissed is no part of what goes on in its place
    local over = math.min(episode[LATEST_FINDING], claim[4]) - 1
    episode, opens = new_episode(claim, reason == '' and claim[3] or claim[25], over), true
  end
  if opens and openings(told) >= claim[26] then
    return tell(told_key, told, claim[1], CUT, ttl)
  end
  local members_key = prefix .. 'members:' .. key .. ':' .. episode[INCIDENT]
  local member_count = #claim[14] > 0 and add_members(members_key, claim[14], ttl) or episode[MEMBERS]
  local worth_telling = revise(episode, opens, claim, member_count)
  local ids = worth_telling and merge(episode[EVENTS], claim[10])
  redis.call('SET', episode_key, cmsgpack.pack(episode), 'EX', ttl)
  if not worth_telling then
    return ''
  end
  local incident_key = prefix .. 'incident:' .. episode[INCIDENT]
  redis.call('SET', incident_key, cmsgpack.pack({episode[SUBJECT], claim[17], claim[28]}), 'EX', claim[18] + grace)
  if opens and reason == '' and claim[23] > 0 then
    count_opening(claim[4], claim[16])
  end
  local count, members = members_besides(members_key, episode[SUBJECT])
  local prior, weight = record(claim, episode[INCIDENT], verdicts)
  return tell(told_key, told, claim[1], cmsgpack.pack({
    episode[INCIDENT], episode[REVISION], episode[OPENED], ids, episode[OPENING], claim[12], count, members, prior, weight, reason,
  }), ttl, opens)
end

local answers = {}
for index, claim in ipairs(claims) do
  local told_key = prefix .. 'revision:' .. claim[2]
  local stored = redis.call('GET', told_key)
  local told = stored and cmsgpack.unpack(stored) or {}
  answers[index] = told_before(told, claim[1]) or settle(claim, told_key, told)
end
return cmsgpack.pack(answers)
