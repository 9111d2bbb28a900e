-- Exact sliding windows on event time, for a batch of observations, in order.
--
-- Two sorted sets a window: `:e` holds the events (score = event time) and, where distinct members are counted, `:m` holds
-- the members with their latest time. An entry of `:e` is 6 bytes with the event's number (in the order of arrival at this
-- shard, so that events of one time stand in the order in which they came) and msgpack {event id, note, {member, ...},
-- actor or "" where the window is the actor's own}.
--
-- While time runs forward `:m` answers with one ZCOUNT. For an event older than the newest `:m` knows too little, because
-- it has only latest times; `:e` then gives the exact answer: the fullest window among all those that contain the event.
-- An event that is delivered again is answered from those that had come before it, thus as it was the first time; what
-- was recorded then stands. Hence running twice over the same observations changes nothing, neither here nor in the answer.
-- That goes for a window which the event only reads, too, as long as the event has recorded something in this shard: a request
-- that comes again does not know its answers, while one that is read after its answers does.
--
-- Before anything else a window may take in what stands in others (of a campaign that turned out to be part of another): their
-- events, as if they had come just now, but those that it has already. The others stay as they are, for events that come again.
--
-- `began:` has how many windows an actor has begun in a period (a day) of event time. Who has begun very many begins no more: what would
-- be alone in its window is answered as such and forgotten.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {cap, seconds to live of the number, windows that an actor may begin in a period, microseconds of that period,
--          seconds to live of what counts them, {observation, ...}}, an observation being
--          {key, time, entry, length of the entry's part that names the event, members or 0, recorded (1 or 0), retained,
--           seconds to live, named (1 or 0), {{length, sample_from}, ...}, actor, {key of a window to take in, ...}};
--          times in microseconds; `cap` limits the entries of a set
-- returns  msgpack, parallel to the observations and their looks: the count, or, where it reaches sample_from, {count, events,
--          {entry, time, ...} first ten, {entry, time, ...} last ten (newest first), {member, ...} newest first}

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local cap, number_ttl, most, period, began_ttl, observations =
  request[1], request[2], request[3], request[4], request[5], request[6]
local SAMPLE, NAMED, TRIM_EVERY = 10, 101, 16
local NUMBER_BYTES = 6
-- An event that is late or comes again looks at so many neighbours on either side, or as many as its limit takes: beyond
-- them its answer is a lower bound. That bounds the time which one actor with a crowded window can take.
local NEIGHBOURS = 500
-- So many events of one microsecond are searched for the one that may have come again.
local SAME_TIME = 1000
-- So many events, the latest ones, are taken in from one window.
local TAKEN_IN = 2000
-- About so many members the events of a window hold together: senders to a thousand at once keep fewer events.
local MEMBERS_HELD = 50000

local function text(number)
  return string.format('%.0f', number)
end

-- What an entry holds is unpacked once a run, however many looks pass over it.
local unpacked = {}
local function members_of(entry)
  local members = unpacked[entry]
  if not members then
    members = cmsgpack.unpack(string.sub(entry, NUMBER_BYTES + 1))[3]
    unpacked[entry] = members
  end
  return members
end

local function number_of(entry)
  return (struct.unpack('>I6', entry))
end

local number = 0
local function reserve_numbers()
  local recorded, taken_in = 0, 0
  for _, observation in ipairs(observations) do
    recorded = recorded + observation[6]
    taken_in = taken_in + TAKEN_IN * #observation[12]
  end
  if recorded + taken_in > 0 then
    -- numbers only ascend: a run that reserves them in vain leaves a gap and harms nothing
    number = redis.call('INCRBY', prefix .. 'number', recorded + taken_in) - recorded - taken_in
    redis.call('EXPIRE', prefix .. 'number', number_ttl)
  end
end

local function newest_time(events)
  local newest = redis.call('ZREVRANGE', events, 0, 0, 'WITHSCORES')
  return newest[2] and tonumber(newest[2])
end

-- The number under which an event stands in the window already.
local function earlier_number(events, time, name)
  local score = text(time)
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', events, score, score, 'LIMIT', 0, SAME_TIME)) do
    if string.sub(other, NUMBER_BYTES + 1, NUMBER_BYTES + #name) == name then
      return number_of(other)
    end
  end
end

local function trim(key, horizon, size)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. horizon)
  redis.call('ZREMRANGEBYRANK', key, 0, -size - 1)
end

-- Whether an actor may begin another window in the period of `time`; if so, that counts.
local began = {}
local function may_begin(actor, time)
  local key = prefix .. 'began:' .. actor .. ':' .. text(math.floor(time / period))
  local count = began[key] or tonumber(redis.call('GET', key) or 0)
  began[key] = math.min(count + 1, most)
  return count < most
end

local function remember_what_began()
  for key, count in pairs(began) do
    redis.call('SET', key, text(count), 'EX', began_ttl)
  end
end

local function record(events, distinct, time, entry, members, newest, retained, ttl)
  local score = text(time)
  number = number + 1
  redis.call('ZADD', events, score, struct.pack('>I6', number) .. entry)
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
  if not newest then
    return
  end
  -- answers never look beyond their length, so that trimming need not be done every time; but nothing must stay for ever in
  -- a window that something is added to once in a while
  local many = distinct and #members > TRIM_EVERY
  if many or time - newest > retained / TRIM_EVERY or redis.call('ZCARD', events) % TRIM_EVERY == 0 then
    local horizon = text(math.max(newest, time) - retained)
    trim(events, horizon, distinct and math.min(cap, math.floor(MEMBERS_HELD / math.max(1, #members))) or cap)
    if distinct then
      trim(distinct, horizon, cap)
    end
  end
end

-- The part of an entry that names the event, as `state/windows.py` packs it: the head of the array and its first string.
local function name_in(entry)
  local head = string.byte(entry, NUMBER_BYTES + 2)
  local size = head < 0xc0 and 1 + head % 32 or 3 + 256 * string.byte(entry, NUMBER_BYTES + 3) + string.byte(entry, NUMBER_BYTES + 4)
  return string.sub(entry, NUMBER_BYTES + 1, NUMBER_BYTES + 1 + size)
end

local function take_in(other, key, distinct, retained, ttl)
  local events, others = prefix .. 'win:' .. key .. ':e', prefix .. 'win:' .. other .. ':e'
  local found = redis.call('ZREVRANGE', others, 0, TAKEN_IN - 1, 'WITHSCORES')
  local new = {}
  for i = 1, #found, 2 do
    if not earlier_number(events, found[i + 1], name_in(found[i])) then
      new[#new + 1] = {number_of(found[i]), found[i], found[i + 1]}
    end
  end
  if #new == 0 then
    return
  end
  table.sort(new, function(a, b) return a[1] < b[1] end)
  for _, one in ipairs(new) do
    number = number + 1
    redis.call('ZADD', events, one[3], struct.pack('>I6', number) .. string.sub(one[2], NUMBER_BYTES + 1))
  end
  local horizon = text(newest_time(events) - retained)
  redis.call('EXPIRE', events, ttl)
  trim(events, horizon, cap)
  if distinct then
    local members = redis.call('ZRANGE', prefix .. 'win:' .. other .. ':m', 0, -1, 'WITHSCORES')
    for start = 1, #members, 1000 do
      local arguments = {}
      for i = start, math.min(start + 999, #members), 2 do
        arguments[#arguments + 1], arguments[#arguments + 2] = members[i + 1], members[i]
      end
      redis.call('ZADD', distinct, 'GT', unpack(arguments))
    end
    redis.call('EXPIRE', distinct, ttl)
    trim(distinct, horizon, cap)
  end
end

-- The entries around a time, oldest first, those only that came no later than the number `own` where it is given; their
-- times; and how many of them are not younger than that time.
local function neighbours(events, time, own, length, limit)
  local entries, times = {}, {}
  local function add(entry, score)
    if not own or number_of(entry) <= own then
      entries[#entries + 1], times[#times + 1] = entry, tonumber(score)
    end
  end
  local before = redis.call('ZREVRANGEBYSCORE', events, text(time), '(' .. text(time - length), 'WITHSCORES', 'LIMIT', 0, limit)
  for i = #before - 1, 1, -2 do
    add(before[i], before[i + 1])
  end
  local up_to_event = #entries
  local after = redis.call('ZRANGEBYSCORE', events, '(' .. text(time), '(' .. text(time + length), 'WITHSCORES', 'LIMIT', 0, limit)
  for i = 1, #after, 2 do
    add(after[i], after[i + 1])
  end
  return entries, times, up_to_event
end

-- The fullest window (s - length, s] over the ends s from the event's time on, below time + length: its count, and which of
-- the entries are in it.
local function fullest(entries, times, up_to_event, time, length, distinct)
  local present, count, oldest = {}, 0, 1
  local best, first, last = -1, 1, 0
  local function include(n)
    if not distinct then
      count = count + 1
      return
    end
    for _, member in ipairs(members_of(entries[n])) do
      local times_seen = present[member] or 0
      present[member] = times_seen + 1
      if times_seen == 0 then
        count = count + 1
      end
    end
  end
  local function exclude(n)
    if not distinct then
      count = count - 1
      return
    end
    for _, member in ipairs(members_of(entries[n])) do
      local times_seen = present[member] - 1
      present[member] = times_seen
      if times_seen == 0 then
        count = count - 1
      end
    end
  end
  local function consider(n, finish)
    while oldest <= n and times[oldest] <= finish - length do
      exclude(oldest)
      oldest = oldest + 1
    end
    if count > best then
      best, first, last = count, oldest, n
    end
  end
  for n = 1, up_to_event do
    include(n)
  end
  consider(up_to_event, time)
  for n = up_to_event + 1, #entries do
    include(n)
    if times[n + 1] ~= times[n] then
      consider(n, times[n])
    end
  end
  return best, first, last
end

local function slow_look(events, time, own, distinct, named, length, sample_from)
  local entries, times, up_to_event = neighbours(events, time, own, length, math.max(NEIGHBOURS, sample_from))
  local count, first, last = fullest(entries, times, up_to_event, time, length, distinct)
  if count < sample_from then
    return count
  end
  local oldest, newest, members = {}, {}, {}
  for n = first, math.min(last, first + SAMPLE - 1) do
    oldest[#oldest + 1], oldest[#oldest + 2] = entries[n], text(times[n])
  end
  for n = last, math.max(first, last - SAMPLE + 1), -1 do
    newest[#newest + 1], newest[#newest + 2] = entries[n], text(times[n])
  end
  if named then
    local seen = {}
    for n = last, first, -1 do
      for _, member in ipairs(members_of(entries[n])) do
        if not seen[member] and #members < NAMED then
          members[#members + 1], seen[member] = member, true
        end
      end
    end
  end
  return {count, last - first + 1, oldest, newest, members}
end

local function fast_look(events, distinct, time, named, length, sample_from)
  local from, to = '(' .. text(time - length), text(time)
  local count = redis.call('ZCOUNT', distinct or events, from, to)
  if count < sample_from then
    return count
  end
  return {
    count,
    distinct and redis.call('ZCOUNT', events, from, to) or count,
    redis.call('ZRANGEBYSCORE', events, from, to, 'WITHSCORES', 'LIMIT', 0, SAMPLE),
    redis.call('ZREVRANGEBYSCORE', events, to, from, 'WITHSCORES', 'LIMIT', 0, SAMPLE),
    named and redis.call('ZREVRANGEBYSCORE', distinct, to, from, 'LIMIT', 0, NAMED) or {},
  }
end

reserve_numbers()
local answers = {}
local came_again = {}  -- the number under which an event stands already, by the part of its entries that names it
for index, observation in ipairs(observations) do
  local key, time, entry, name_length, members, recorded, retained, ttl, named, looks, actor, others = unpack(observation)
  for _, other in ipairs(others) do
    take_in(other, key, members ~= 0 and prefix .. 'win:' .. key .. ':m', retained, ttl)
  end
  local events = prefix .. 'win:' .. key .. ':e'
  local distinct = members ~= 0 and prefix .. 'win:' .. key .. ':m'
  local newest = newest_time(events)
  local name = string.sub(entry, 1, name_length)
  local own = recorded == 0 and came_again[name]
  if recorded == 1 and (newest or may_begin(actor, time)) then
    own = newest and newest >= time and earlier_number(events, time, name)
    if own then
      came_again[name] = own
    else
      record(events, distinct, time, entry, members, newest, retained, ttl)
    end
  end
  local slow = own or (newest and newest > time)
  -- most windows are new, and hold what this event has brought
  local alone = not newest and (recorded == 0 and 0 or distinct and #members or 1)
  local readings = {}
  for i, asked in ipairs(looks) do
    local length, sample_from = asked[1], asked[2]
    if alone and alone < sample_from then
      readings[i] = alone
    elseif slow then
      readings[i] = slow_look(events, time, own, distinct, named == 1, length, sample_from)
    else
      readings[i] = fast_look(events, distinct, time, named == 1, length, sample_from)
    end
  end
  answers[index] = readings
end
remember_what_began()
return cmsgpack.pack(answers)
