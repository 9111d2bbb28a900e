-- What became of a reporter's earlier reports; for a batch of reports, in order. Each is remembered for the next.
--
-- `reported:` is a sorted set per reporter: whom (8 bytes), under which article (1 byte, 0 for none), when; score = when. Each
-- report stands by itself, so that one which comes again finds those before it as they were. What people said of incidents about
-- those members is in `verdicts:` (see verdicts.lua). A report is about an incident that happened within `near` of it, and that
-- members had reported or that is of the article which the report names. An incident counts once, however often it was reported.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {reports kept of one reporter, seconds to live, how far back a record reaches, near, {report, ...}}, a report being
--          {reporter, time, reported member, article}; times in microseconds
-- returns  msgpack, parallel to the reports: {upheld, dismissed} incidents among what the reporter had reported before

local prefix = KEYS[1]
local request = cmsgpack.unpack(ARGV[1])
local cap, ttl, memory, near, reports = request[1], request[2], request[3], request[4], request[5]
local TIME, UPHELD, ARTICLE, HAPPENED, REPORTED = 1, 3, 5, 6, 9
local MEMBER_BYTES = 8

local function text(number)
  return string.format('%.0f', number)
end

local known = {}
local function verdicts_on(member)
  if not known[member] then
    local all = redis.call('HGETALL', prefix .. 'verdicts:' .. member)
    known[member] = {}
    for i = 1, #all, 2 do
      known[member][all[i]] = cmsgpack.unpack(all[i + 1])
    end
  end
  return known[member]
end

local function record(key, time)
  local counted, counts = {}, {0, 0}
  local earlier = redis.call('ZRANGEBYSCORE', key, text(time - memory), '(' .. text(time), 'WITHSCORES')
  for i = 1, #earlier, 2 do
    local when, article = tonumber(earlier[i + 1]), string.byte(earlier[i], MEMBER_BYTES + 1)
    for incident, verdict in pairs(verdicts_on(string.sub(earlier[i], 1, MEMBER_BYTES))) do
      local about = verdict[REPORTED] == 1 or verdict[ARTICLE] == article
      if about and not counted[incident] and verdict[TIME] < time and math.abs(verdict[HAPPENED] - when) <= near then
        counted[incident] = true
        local which = verdict[UPHELD] == 1 and 1 or 2
        counts[which] = counts[which] + 1
      end
    end
  end
  return counts
end

local answers = {}
for index, report in ipairs(reports) do
  local reporter, time, member, article = unpack(report)
  local key = prefix .. 'reported:' .. reporter
  answers[index] = record(key, time)
  redis.call('ZADD', key, text(time), member .. string.char(article) .. text(time))
  -- a report that comes again within the downtime still finds all that its record reaches back to
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. text(time - 1000000 * ttl))
  if redis.call('ZCARD', key) > cap then
    redis.call('ZREMRANGEBYRANK', key, 0, -cap - 1)
  end
  redis.call('EXPIRE', key, ttl)
end
return cmsgpack.pack(answers)
