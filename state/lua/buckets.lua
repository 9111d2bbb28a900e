-- Bands of signatures in buckets, for scripts that begin with this: the i-th band of a text is the name of a bucket (a byte) in the i-th
-- hash, and a tag (3 bytes). In the bucket stand entries, each a tag and the low bits of a leader's number (4 bytes): a quarter of a field
-- for each band. A bucket that is full leads to sixteen more, by one more half of a byte of the tag, so that none grows long.

local TAG, ENTRY, FULL = 3, 7, 511
local find, sub = string.find, string.sub

-- The numbers of the leaders that a bucket has for a tag from a place on; nil where there are none.
local function leaders_in(bucket, tag, start)
  local leaders
  local at = find(bucket, tag, start, true)
  while at do
    if at % ENTRY == 1 then
      leaders = (leaders or '') .. sub(bucket, at + TAG, at + ENTRY - 1)
    end
    at = find(bucket, tag, at + 1, true)
  end
  return leaders
end

-- By position, of bands that have any: the leaders; none where they are `known`. Where `last` is given, it gets the field of each
-- one's last bucket, and `buckets` what stands in these.
local function leaders_of(key, fields, tags, last, buckets, known)
  local leaders, rest, level = {}, nil, 1
  repeat
    local full, further = {}, {}
    local found = redis.call('HMGET', key, unpack(fields))
    for at = 1, #fields do
      local bucket, i = found[at], rest and rest[at] or at
      if last then
        last[i], buckets[fields[at]] = fields[at], bucket or nil
      end
      if bucket then
        if not known and find(bucket, tags[i], 1, true) then
          local more = leaders_in(bucket, tags[i], 1)
          leaders[i] = more and (leaders[i] or '') .. more or leaders[i]
        end
        if #bucket >= FULL then
          local byte = string.byte(tags[i], math.floor((level + 1) / 2))
          full[#full + 1] = i
          further[#full] = fields[at] .. string.char(level % 2 == 1 and math.floor(byte / 16) or byte % 16)
        end
      end
    end
    rest, fields, level = full, further, level + 1
  until #rest == 0
  return leaders
end

