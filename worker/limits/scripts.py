"""What Redis runs for `worker.limits.permits`, each script at once for the whole fleet, by Redis's clock alone."""

from worker.limits.throttle import HALVE, LEAST, RECOVERY_MS, SAME_MS

NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# The share of its limits that a service bears, as in worker.limits.throttle; `throttle` is the key of its hash.
SHARE = f"""
local function share(throttle)
  local kept = redis.call('HMGET', throttle, 'share', 'at')
  if not kept[1] then return 1 end
  return math.min(1, kept[1] + (now - kept[2]) / {RECOVERY_MS})
end
"""

# KEYS: permits, wishes, throttle. ARGV: member, limit, lease ms, wish ms, 1 for interactive. Answers 1 where granted.
ACQUIRE = (
    NOW
    + SHARE
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local limit = math.max(1, math.floor(ARGV[2] * share(KEYS[3])))
local free = limit - redis.call('ZCARD', KEYS[1])
local interactive = ARGV[5] == '1'
if not interactive then free = free - redis.call('ZCARD', KEYS[2]) end
if free > 0 then
  redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[3] * 2)
  redis.call('ZREM', KEYS[2], ARGV[1])
  return 1
end
if interactive then
  redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[4] * 2)
end
return 0
"""
)

# KEYS: permits. ARGV: lease ms, members…: those still there live on. One given back meanwhile must not come back.
RENEW = (
    NOW
    + """
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', now + ARGV[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1] * 2)
return #ARGV - 1
"""
)

# KEYS: time of the next free turn, throttle. ARGV: ms between two turns. Answers the ms to wait for the reserved turn.
TURN = (
    NOW
    + SHARE
    + """
local turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
redis.call('SET', KEYS[1], string.format('%.3f', turn + ARGV[1] / share(KEYS[2])), 'PX', 60000)
return math.ceil(turn - now)
"""
)

# KEYS: throttle. Answers 1 where the share was halved, 0 where it had been halved just before.
SLOW = (
    NOW
    + SHARE
    + f"""
local at = redis.call('HGET', KEYS[1], 'at')
if at and now - at < {SAME_MS} then return 0 end
redis.call('HSET', KEYS[1], 'share', math.max({LEAST}, share(KEYS[1]) * {HALVE}), 'at', now)
redis.call('PEXPIRE', KEYS[1], {RECOVERY_MS})
return 1
"""
)

# KEYS: throttle. Answers the share in thousandths.
SHOW = NOW + SHARE + "return math.floor(share(KEYS[1]) * 1000 + 0.5)"
