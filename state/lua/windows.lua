-- Exact sliding windows on event time, for a batch of observations, in order.
--
-- Two sorted sets a window: `:e` holds the events (score = event time) and, where distinct members are counted, `:m` holds
-- the members with their latest time. An entry of `:e` is 6 bytes with the event's number (in the order of arrival at this
-- shard, so that events of one time stand in the order in which they came) and msgpack {event, event id, note, {member, ...},
-- actor or "" where the window is the actor's own}, and at the end, where the event has more members than are named of one event, how
-- many it has. Whoever counts them knows that there are at least so many. `event` is 8 bytes of a hash of all that the event says: an id
-- may come again with other contents, which is another event.
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
-- `began:` has how many windows an actor has begun in a period (a day) of event time, and about how many bytes the actor's events
-- have added. Who has begun very many, or added very much, adds no more: what would be alone in its window is answered as such and
-- forgotten. Windows that are about the actor and nothing else are few, and go on.
--
-- A run that has done much stops between two events and answers what it has come to; the rest is asked again.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {cap, seconds to live of the number, windows that an actor may begin in a period, microseconds of that period,
--          seconds to live of what counts them, bytes that an actor may add in a period, {observation, ...}}, an observation being
--          {key, time, entry, members or 0, recorded (1 or 0), retained, seconds to live, named (1 or 0), {{length, sample_from}, ...}, actor, {key of a window to take in, ...}, members
--           that the event has (or 0), members that are named of one event, in the actor's budget (1 or 0)};
--          times in microseconds; `cap` limits the entries of a set
-- returns  msgpack, parallel to the observations (or the first of them) and their looks: the count, or, where it reaches sample_from,
--          {count, events, {entry, time, ...} first ten, {entry, time, ...} last ten (newest first), {member, ...} newest first,
--          whether there may be more (1 or 0)}; the same without events where that is so of a lower count; and after the looks a 0
--          where the event has not been added, because its actor has added too much

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local cap, number_ttl, most, period, began_ttl, most_bytes, observations =
  request[1], request[2], request[3], request[4], request[5], request[6], request[7]
local SAMPLE, NAMED, TRIM_EVERY = 10, 101, 16
-- A run stops when it has done so much: about so many microseconds where this was written. Counted instead of timed, because not every
-- server tells scripts the time, and so that the same request gives the same answers.
local WORK = 15000
local NUMBER_BYTES, NAME_BYTES = 6, 10  -- the name with the heads of the array and of itself
-- An event that is late or comes again looks at so many neighbours on either side, or as many as its limit takes: beyond
-- them its answer is a lower bound. That bounds the time which one actor with a crowded window can take.
local NEIGHBOURS = 200
-- So many events of one microsecond are searched for the one that may have come again.
local SAME_TIME = 1000
-- So many events, the latest ones, and so many members are taken into one window at once.
local TAKEN_IN, MEMBERS_TAKEN_IN = 500, 2000
-- About so many members of neighbours a look passes over, or twice as many as its limit takes.
local MEMBERS_LOOKED_AT = 3000
-- What an entry takes besides its bytes, a member, and a window that is new: measured on a 64-bit Redis, rounded up.
local ENTRY_BYTES, MEMBER_BYTES, WINDOW_BYTES = 80, 100, 300
-- About so many members the events of a window hold together: senders to a thousand at once keep fewer events.
local MEMBERS_HELD = 50000

local work = 0

local function text(number)
  return string.format('%.0f', number)
end

-- What an entry holds is unpacked once a run, however many looks pass over it.
local unpacked = {}
local function unpacked_of(entry)
  local fields = unpacked[entry]
  if not fields then
    fields = cmsgpack.unpack(string.sub(entry, NUMBER_BYTES + 1))
    unpacked[entry] = fields
  end
  return fields
end

local function members_of(entry)
  return unpacked_of(entry)[4]
end

-- How many members the event has that has most of them among those of which only some are named; 0 where all are named.
local function largest(...)
  local count = 0
  for _, entries in ipairs({...}) do
    for i = 1, #entries, 2 do
      count = math.max(count, unpacked_of(entries[i])[6] or 0)
    end
  end
  return count
end

local function number_of(entry)
  return (struct.unpack('>I6', entry))
end

local number = 0
local function reserve_numbers()
  local recorded, taken_in = 0, 0
  for _, observation in ipairs(observations) do
    recorded = recorded + observation[5]
    taken_in = taken_in + (#observation[11] > 0 and TAKEN_IN or 0)
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

-- The part of an entry that names the event. An entry that is still to be recorded has no number yet: `from` is where it begins.
local function name_in(entry, from)
  return string.sub(entry, from, from + NAME_BYTES - 1)
end

-- The number under which an event stands in the window already.
local function earlier_number(events, time, name)
  local score = text(time)
  local others = redis.call('ZRANGEBYSCORE', events, score, score, 'LIMIT', 0, SAME_TIME)
  work = work + #others / 2
  for _, other in ipairs(others) do
    if name_in(other, NUMBER_BYTES + 1) == name then
      return number_of(other)
    end
  end
end

local function trim(key, horizon, size)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. horizon)
  redis.call('ZREMRANGEBYRANK', key, 0, -size - 1)
end

-- Whether an actor may add so many bytes in the period of `time`, and begin a window where `begins` is 1; if so, that counts.
local began = {}
local function may_add(actor, time, begins, bytes)
  local key = prefix .. 'began:' .. actor .. ':' .. text(math.floor(time / period))
  if not began[key] then
    local count, added = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
    began[key] = {tonumber(count or 0), tonumber(added or 0)}
  end
  local spent = began[key]
  if spent[1] + begins > most or spent[2] + bytes > most_bytes then
    return false
  end
  spent[1], spent[2] = spent[1] + begins, spent[2] + bytes
  return true
end

local function remember_what_began()
  for key, spent in pairs(began) do
    redis.call('SET', key, text(spent[1]) .. ' ' .. text(spent[2]), 'EX', began_ttl)
  end
end

local function record(events, distinct, time, entry, members, newest, retained, ttl)
  local score = text(time)
  work = work + 10 + 2 * (distinct and #members or 0)
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

-- The names of the events that a window has of one time.
local function names_at(events, score)
  local names = {}
  local there = redis.call('ZRANGEBYSCORE', events, score, score, 'LIMIT', 0, SAME_TIME)
  work = work + 3 + #there / 2
  for _, entry in ipairs(there) do
    names[name_in(entry, NUMBER_BYTES + 1)] = true
  end
  return names
end

-- Takes in at most so many events and members of another window; how many of each it has taken.
local function take_in(other, key, distinct, retained, ttl, most_events, most_members)
  local events, others = prefix .. 'win:' .. key .. ':e', prefix .. 'win:' .. other .. ':e'
  local found = most_events > 0 and redis.call('ZREVRANGE', others, 0, most_events - 1, 'WITHSCORES') or {}
  local new, names = {}, {}
  for i = 1, #found, 2 do
    local score = found[i + 1]
    names[score] = names[score] or names_at(events, score)
    if not names[score][name_in(found[i], NUMBER_BYTES + 1)] then
      new[#new + 1] = {number_of(found[i]), found[i], score}
    end
  end
  if #new == 0 then
    return 0, 0
  end
  work = work + 3 * #new
  table.sort(new, function(a, b) return a[1] < b[1] end)
  for _, one in ipairs(new) do
    number = number + 1
    redis.call('ZADD', events, one[3], struct.pack('>I6', number) .. string.sub(one[2], NUMBER_BYTES + 1))
  end
  local horizon, taken = text(newest_time(events) - retained), 0
  redis.call('EXPIRE', events, ttl)
  trim(events, horizon, cap)
  if distinct then
    local members = most_members > 0
      and redis.call('ZREVRANGE', prefix .. 'win:' .. other .. ':m', 0, most_members - 1, 'WITHSCORES') or {}
    taken = #members / 2
    work = work + 2 * taken
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
  return #new, taken
end

-- The entries around a time, oldest first, those only that came no later than the number `own` where it is given; their
-- times; and how many of them are not younger than that time.
local function neighbours(events, time, own, length, limit, distinct)
  -- those of a list of entries and scores, the nearest first, that came no later, until they have too many members
  local function near(found)
    local kept, members = {}, 0
    work = work + #found / 2
    for i = 1, #found, 2 do
      if not own or number_of(found[i]) <= own then
        members = members + (distinct and #members_of(found[i]) or 0)
        if members > math.max(MEMBERS_LOOKED_AT, 2 * limit) and #kept > 0 then
          break
        end
        kept[#kept + 1] = {found[i], tonumber(found[i + 1])}
      end
    end
    work = work + 2 * #kept + members
    return kept
  end
  local before = near(
    redis.call('ZREVRANGEBYSCORE', events, text(time), '(' .. text(time - length), 'WITHSCORES', 'LIMIT', 0, limit))
  local after = near(
    redis.call('ZRANGEBYSCORE', events, '(' .. text(time), '(' .. text(time + length), 'WITHSCORES', 'LIMIT', 0, limit))
  local entries, times = {}, {}
  for i = #before, 1, -1 do
    entries[#entries + 1], times[#times + 1] = before[i][1], before[i][2]
  end
  for _, one in ipairs(after) do
    entries[#entries + 1], times[#times + 1] = one[1], one[2]
  end
  return entries, times, #before
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

-- The reading of a look that has counted so many members (or events). Of events that have more members than are named of one the
-- samples say how many: the truth is not less, and may be more where there are several events.
local function reading(count, events, oldest, newest, members, sample_from)
  local most_of_one = largest(oldest, newest)
  local more = most_of_one > 0 and events > 1 and 1 or 0
  count = math.max(count, most_of_one)
  if count >= sample_from then
    return {count, events, oldest, newest, members(), more}
  end
  return more == 1 and {count, 0, {}, {}, {}, more} or count
end

local function slow_look(events, time, own, distinct, named, length, sample_from, named_of_one)
  local limit = sample_from > cap and NEIGHBOURS or math.max(NEIGHBOURS, sample_from)
  local entries, times, up_to_event = neighbours(events, time, own, length, limit, distinct)
  local count, first, last = fullest(entries, times, up_to_event, time, length, distinct)
  if count < sample_from and not (distinct and count >= named_of_one) then
    return count
  end
  local oldest, newest = {}, {}
  for n = first, math.min(last, first + SAMPLE - 1) do
    oldest[#oldest + 1], oldest[#oldest + 2] = entries[n], text(times[n])
  end
  for n = last, math.max(first, last - SAMPLE + 1), -1 do
    newest[#newest + 1], newest[#newest + 2] = entries[n], text(times[n])
  end
  return reading(count, last - first + 1, oldest, newest, function()
    local members, seen = {}, {}
    for n = named and last or first - 1, first, -1 do
      for _, member in ipairs(members_of(entries[n])) do
        if not seen[member] and #members < NAMED then
          members[#members + 1], seen[member] = member, true
        end
      end
    end
    return members
  end, sample_from)
end

local function fast_look(events, distinct, time, named, length, sample_from, named_of_one)
  local from, to = '(' .. text(time - length), text(time)
  local count = redis.call('ZCOUNT', distinct or events, from, to)
  if count < sample_from and not (distinct and count >= named_of_one) then
    return count
  end
  return reading(
    count,
    distinct and redis.call('ZCOUNT', events, from, to) or count,
    redis.call('ZRANGEBYSCORE', events, from, to, 'WITHSCORES', 'LIMIT', 0, SAMPLE),
    redis.call('ZREVRANGEBYSCORE', events, to, from, 'WITHSCORES', 'LIMIT', 0, SAMPLE),
    function()
      return named and redis.call('ZREVRANGEBYSCORE', distinct, to, from, 'LIMIT', 0, NAMED) or {}
    end,
    sample_from
  )
end

-- The answer to the looks of an event that is alone in its window, recorded or not.
local function look_alone(count, time, entry, members, named, looks)
  local readings, shown, names = {}, {struct.pack('>I6', number) .. entry, text(time)}, {}
  for i = 1, named and math.min(#members, NAMED) or 0 do
    names[i] = members[i]
  end
  for i, asked in ipairs(looks) do
    readings[i] = count < asked[2] and count or {count, 1, shown, shown, names, 0}
  end
  return readings
end

reserve_numbers()
local answers = {}
local came_again = {}  -- the number under which an event stands already, by the part of its entries that names it
local last_name
for index, observation in ipairs(observations) do
  local key, time, entry, members, recorded, retained, ttl, named, looks, actor, others, brought, named_of_one, budgeted =
    unpack(observation)
  local name = name_in(entry, 1)
  -- what an event only reads is answered with what it has recorded: no event is cut in two
  if last_name and name ~= last_name and work > WORK then
    break
  end
  last_name = name
  work = work + 20 + 10 * #looks
  local events = prefix .. 'win:' .. key .. ':e'
  local distinct = members ~= 0 and prefix .. 'win:' .. key .. ':m'
  local events_left, members_left = TAKEN_IN, MEMBERS_TAKEN_IN
  for _, other in ipairs(others) do
    local taken, members_taken = take_in(other, key, distinct, retained, ttl, events_left, members_left)
    events_left, members_left = events_left - taken, members_left - members_taken
  end
  local newest = newest_time(events)
  local own, refused = recorded == 0 and came_again[name], false
  if recorded == 1 then
    own = newest and newest >= time and earlier_number(events, time, name)
    local bytes = #entry + ENTRY_BYTES + (distinct and MEMBER_BYTES * #members or 0) + (newest and 0 or WINDOW_BYTES)
    if own then
      came_again[name] = own
    elseif budgeted == 0 or may_add(actor, time, newest and 0 or 1, bytes) then
      record(events, distinct, time, entry, members, newest, retained, ttl)
    else
      refused = true
    end
  end
  local slow = own or (newest and newest > time)
  local readings = {}
  if not newest then
    -- most windows are new, and hold what this event has brought
    readings = look_alone(recorded == 0 and 0 or distinct and brought or 1, time, entry, members, named == 1, looks)
  else
    for i, asked in ipairs(looks) do
      if slow then
        readings[i] = slow_look(events, time, own, distinct, named == 1, asked[1], asked[2], named_of_one)
      else
        readings[i] = fast_look(events, distinct, time, named == 1, asked[1], asked[2], named_of_one)
      end
    end
  end
  if refused then
    readings[#readings + 1] = 0
  end
  answers[index] = readings
end
remember_what_began()
return cmsgpack.pack(answers)
