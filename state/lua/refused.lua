-- What the user who runs this may not do.
--
-- KEYS[1]  the shard's prefix, taken for a key of the shard
-- ARGV[1]  msgpack {name of a command whose first argument is a key, ...}
-- returns  msgpack {name, ...}, those that the server's access control refuses

local refused = {}
for _, command in ipairs(cmsgpack.unpack(ARGV[1])) do
  if not redis.acl_check_cmd(command, KEYS[1]) then
    refused[#refused + 1] = command
  end
end
return cmsgpack.pack(refused)
