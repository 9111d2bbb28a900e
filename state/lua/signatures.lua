-- What scripts know of campaigns and of signatures. It stands before the scripts that need it.
--
-- A signature is 128 big-endian 16-bit slots of shingles, 128 bytes of words, 128 bytes of pairs of words, and the 16-bit number of
-- letters (text/signature.py); a campaign's head is its id and its number.

local ID, HEAD = 16, 26           -- bytes of a campaign's id; of its head
local ANSWER, JUDGED = 22, 23     -- bytes of an answer: campaign id and similarity; and whether it repeats what was upheld
local SIGNATURE = 514             -- bytes of a signature
local SLOTS = 128
local WORDS, PAIRS, LETTERS = 256, 384, 512  -- where the parts of a signature begin, after the shingles
local INCIDENTS = 20              -- judged incidents of one text or campaign: the latest

-- Adds an incident to a list that has incidents from `from` on, each once.
local function add_incident(list, from, incident)
  for i = from, #list do
    if list[i] == incident then
      return
    end
  end
  list[#list + 1] = incident
  if #list - from >= INCIDENTS then
    table.remove(list, from)
  end
end

-- The signature's bands, so many of `width` bytes, or of as many as they cover all slots of shingles with; none of an empty one.
local function bands_of(signature, bands, width)
  width = width or 2 * SLOTS / bands
  local found = {}
  for i = 1, #signature > 0 and bands or 0 do
    found[i] = string.sub(signature, (i - 1) * width + 1, i * width)
  end
  return found
end

-- The height at x of straight lines between points {x, y}, level before the first and after the last.
local function line(points, x)
  local before = points[1]
  if x <= before[1] then
    return before[2]
  end
  for _, point in ipairs(points) do
    if x <= point[1] then
      return before[2] + (point[2] - before[2]) * (x - before[1]) / (point[1] - before[1])
    end
    before = point
  end
  return before[2]
end

-- How many slots are equal, from the `first` (1) to the last.
local function equal_slots(left, right, last, first)
  local equal = 0
  for i = first or 1, last do
    if left[i] == right[i] then
      equal = equal + 1
    end
  end
  return equal
end

-- The share of equal slots of words or of pairs of words.
local function equal_bytes(left, right, from)
  local a, b = {string.byte(left, from + 1, from + SLOTS)}, {string.byte(right, from + 1, from + SLOTS)}
  return equal_slots(a, b, SLOTS) / SLOTS
end

local unpacked = {}  -- signature -> its slots of shingles: each is compared with many
local FORMAT = '>' .. string.rep('H', SLOTS)

local function slots(signature)
  local known = unpacked[signature]
  if not known then
    known = {struct.unpack(FORMAT, signature)}
    unpacked[signature] = known
  end
  return known
end

local function letters(signature)
  local high, low = string.byte(signature, LETTERS + 1, LETTERS + 2)
  return 256 * high + low
end
