-- For wrk: deliveries that were signed beforehand, each with a body and an id of its own (pool.py).
--
-- SLIPWAY_POOL is the file; threads take its lines in turn, from SLIPWAY_FIRST on; those up to SLIPWAY_LAST are read. Ids hold SLIPWAY_RUN and a number
-- that never comes again. The last line of output is "figures KEY=VALUE ..." with times in microseconds.
--
-- A request of each head is laid out once. What differs from one to the next is written into that string: wrk copies what
-- request() returns before it asks again, and nothing else here looks at it. To join texts anew takes a new megabyte each
-- time, and a load generator that works as hard as the servers measures itself.
local ffi = require "ffi"
local requests, lines, nth, step, run

local threads = 0
function setup(thread)
  thread:set("which", threads)
  threads = threads + 1
end

-- A whole request, and where in it the id, the signature and the tail of the body are.
local function laid_out(event, text, tail)
  local id, signature = ("-"):rep(36), ("-"):rep(64)
  local head = "POST /webhooks/github HTTP/1.1\r\nHost: bench\r\nUser-Agent: GitHub-Hookshot/bench\r\nAccept: */*\r\n" ..
    "Content-Type: application/json\r\nX-GitHub-Event: " .. event .. "\r\nContent-Length: " .. (#text + tail) ..
    "\r\nX-GitHub-Delivery: "
  local between = "\r\nX-Hub-Signature-256: sha256="
  local whole = head .. id .. between .. signature .. "\r\n\r\n" .. text .. ("-"):rep(tail)
  local at = ffi.cast("char *", whole)

  return {
    whole = whole, tail_len = tail,
    id = at + #head, signature = at + #head + #id + #between, tail = at + #whole - tail
  }
end

function init(args)
  local file = assert(io.open(os.getenv("SLIPWAY_POOL"), "rb"))
  requests, lines = {}, {}
  local n = tonumber(file:read("*l"))
  for i = 1, n do
    local event, len = file:read("*l"):match("^(%S+) (%d+)$")
    local text = file:read(tonumber(len))
    file:read("*l")
    requests[i] = laid_out(event, text, tonumber(os.getenv("SLIPWAY_TAIL")))
  end
  local last = tonumber(os.getenv("SLIPWAY_LAST") or "1e9")
  for line in file:lines() do
    lines[#lines + 1] = line
    if #lines > last then
      break
    end
  end
  file:close()
  run = os.getenv("SLIPWAY_RUN")
  nth = tonumber(os.getenv("SLIPWAY_FIRST") or "0") + which
  step = tonumber(os.getenv("SLIPWAY_THREADS"))
end

function request()
  local way, tail, signature = lines[nth % #lines + 1]:match("^(%d+) (%S+) (%S+)$")
  local r = requests[tonumber(way) + 1]
  local id = string.format("%08x-%s-11f1-%s", nth, run:sub(1, 4), run:sub(5)) -- as GitHub's: a time, then who
  assert(#tail == r.tail_len and #id == 36 and #signature == 64)
  ffi.copy(r.id, id, #id)
  ffi.copy(r.signature, signature, #signature)
  ffi.copy(r.tail, tail, #tail)
  nth = nth + step
  return r.whole
end

-- Between the requests of one connection, in ms: around what paces all of them to a rate.
local pause = tonumber(os.getenv("SLIPWAY_DELAY") or "0")
if pause > 0 then
  function delay()
    return math.floor(pause * (0.5 + math.random()))
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("figures requests=%d us=%d other=%d socket=%d p50=%d p99=%d max=%d\n",
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
