-- Exact sliding windows on event time, for a batch of observations, in order.
--
-- Two sorted sets a window: `:e` holds the events (msgpack {event id, note, {member, ...}}, score = event time) and, where
-- distinct members are counted, `:m` holds the members with their latest time. While time runs forward `:m` answers with
-- one ZCOUNT. For an event older than the newest (late, or delivered again) `:m` knows too little, because it has only
-- latest times; `:e` then gives the exact answer: the fullest window among all those that contain the event.
-- Running twice over the same observations changes nothing.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {cap, {observation, ...}}, an observation being
--          {key, time, event, members or 0, recorded (1 or 0), retained, ttl in seconds, named (1 or 0),
--           {{length, sample_from}, ...}}; times in microseconds; `cap` limits the entries of a set
-- returns  msgpack, parallel to the observations: {{count, events, {event, time, ...} first ten, {event, time, ...} last
--          ten (newest first), {member, ...}}, ...} parallel to its looks

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local cap, observations = request[1], request[2]
local SAMPLE, NAMED, TRIM_EVERY = 10, 101, 16

local function text(number)
  return string.format('%.0f', number)
end

local function newest_time(events)
  local newest = redis.call('ZREVRANGE', events, 0, 0, 'WITHSCORES')
  return newest[2] and tonumber(newest[2])
end

local function trim(key, horizon)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. horizon)
  redis.call('ZREMRANGEBYRANK', key, 0, -cap - 1)
end

-- Adds the event; the newest event's time.
local function record(key, time, event, members, retained, ttl)
  local events, distinct = key .. ':e', members and key .. ':m'
  local score = text(time)
  redis.call('ZADD', events, score, event)
  redis.call('EXPIRE', events, ttl)
  if distinct then
    for start = 1, #members, 1000 do
      local arguments = {}
      for i = start, math.min(start + 999, #members) do
        arguments[#arguments + 1] = score
        arguments[#arguments + 1] = members[i]
      end
      redis.call('ZADD', distinct, 'GT', unpack(arguments))
    end
    redis.call('EXPIRE', distinct, ttl)
  end
  local newest = newest_time(events)
  -- answers never look beyond their length, so that trimming only saves memory and need not be done every time
  if redis.call('ZCARD', events) % TRIM_EVERY == 0 or (members and #members > TRIM_EVERY) then
    local horizon = text(newest - retained)
    trim(events, horizon)
    if distinct then
      trim(distinct, horizon)
    end
  end
  return newest
end

-- The fullest window (s - length, s] over the ends s in [time, time + length) at which something happened.
local function fullest(events, time, length, distinct)
  local entries = redis.call('ZRANGEBYSCORE', events, '(' .. text(time - length), '(' .. text(time + length), 'WITHSCORES')
  local members, scores = {}, {}
  for i = 1, #entries, 2 do
    local n = (i + 1) / 2
    members[n] = distinct and cmsgpack.unpack(entries[i])[3] or {n}
    scores[n] = tonumber(entries[i + 1])
  end
  local present, count, oldest = {}, 0, 1
  local best, best_events, best_end = 0, 0, time
  for n = 1, #scores do
    for _, member in ipairs(members[n]) do
      if not present[member] then
        present[member], count = 0, count + 1
      end
      present[member] = present[member] + 1
    end
    while scores[oldest] <= scores[n] - length do
      for _, member in ipairs(members[oldest]) do
        present[member] = present[member] - 1
        if present[member] == 0 then
          present[member], count = nil, count - 1
        end
      end
      oldest = oldest + 1
    end
    local last_of_its_time = scores[n + 1] ~= scores[n]
    if scores[n] >= time and last_of_its_time and count > best then
      best, best_events, best_end = count, n - oldest + 1, scores[n]
    end
  end
  return best, best_events, best_end
end

local function look(key, time, late, distinct, named, length, sample_from)
  local events = key .. ':e'
  local count, total, finish
  if late then
    count, total, finish = fullest(events, time, length, distinct)
  else
    finish = time
    total = redis.call('ZCOUNT', events, '(' .. text(time - length), text(time))
    count = distinct and redis.call('ZCOUNT', key .. ':m', '(' .. text(time - length), text(time)) or total
  end
  if count < sample_from then
    return {count, total, {}, {}, {}}
  end
  local from, to = '(' .. text(finish - length), text(finish)
  local members = {}
  if named then
    members = redis.call('ZRANGEBYSCORE', key .. ':m', from, '+inf', 'LIMIT', 0, NAMED)
  end
  return {
    count, total,
    redis.call('ZRANGEBYSCORE', events, from, to, 'WITHSCORES', 'LIMIT', 0, SAMPLE),
    redis.call('ZREVRANGEBYSCORE', events, to, from, 'WITHSCORES', 'LIMIT', 0, SAMPLE),
    members,
  }
end

local answers = {}
for index, observation in ipairs(observations) do
  local key, time, event, members, recorded, retained, ttl, named, looks = unpack(observation)
  key = prefix .. key
  if members == 0 then
    members = nil
  end
  local newest
  if recorded == 1 then
    newest = record(key, time, event, members, retained, ttl)
  else
    newest = newest_time(key .. ':e')
  end
  local late = newest and newest > time
  local readings = {}
  for i, asked in ipairs(looks) do
    readings[i] = look(key, time, late, members ~= nil, named == 1, asked[1], asked[2])
  end
  answers[index] = readings
end
return cmsgpack.pack(answers)
