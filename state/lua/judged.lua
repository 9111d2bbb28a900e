-- Whether texts repeat what people have upheld, as the table `seen` (`state.campaign_tables`) has it behind their answers.
--
-- KEYS[1]  the shard's prefix, which all keys below begin with
-- ARGV[1]  msgpack {generation, {name in `seen`, ...}, "" or a character for each: "1" or "0", to be kept where nothing is yet, or "-"}
-- returns  msgpack, a character for each name: "1" or "0" as it is kept; "-" for a text that is answered, of which it is not kept;
--          "?" where its campaign is not decided yet; " " for one that is not in `seen`
--
-- "2" and "3" are kept for "0" and "1" where the answer says "f" (`state.campaigns`) until then.

local prefix = KEYS[1]
local generation, names, judged = unpack(cmsgpack.unpack(ARGV[1]))
local ANSWER, JUDGED = 22, 23  -- bytes of an answer: campaign id and similarity; and what it says besides
local key = prefix .. 'seen:' .. generation

local told, kept = {}, {}
for start = 1, #names, 1000 do  -- Lua's unpack has a limit
  for i, seen in ipairs(redis.call('HMGET', key, unpack(names, start, math.min(start + 999, #names)))) do
    local at = start + i - 1
    local new = string.sub(judged, at, at)
    if not seen then
      told[at] = ' '
    elseif #seen > JUDGED then
      told[at] = '?'
    elseif #seen == JUDGED and string.sub(seen, JUDGED) ~= 'f' then
      told[at] = string.format('%d', string.sub(seen, JUDGED) % 2)
    else
      told[at] = '-'
      if new == '0' or new == '1' then
        local flag = string.format('%d', new + 2 * (#seen - ANSWER))
        kept[#kept + 1], kept[#kept + 2] = names[at], string.sub(seen, 1, ANSWER) .. flag
      end
    end
  end
end
for start = 1, #kept, 2000 do
  redis.call('HSET', key, unpack(kept, start, math.min(start + 1999, #kept)))
end
return cmsgpack.pack(table.concat(told))
