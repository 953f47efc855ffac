-- For wrk: deliveries that were signed beforehand, each with a body and an id of its own (pool.py).
--
-- SLIPWAY_POOL is the file; threads take its lines in turn, from SLIPWAY_FIRST on; those up to SLIPWAY_LAST are read. Ids hold SLIPWAY_RUN and a number
-- that never comes again. The last line of output is "figures KEY=VALUE ..." with times in microseconds.
local heads, lines, nth, step, run

local threads = 0
function setup(thread)
  thread:set("which", threads)
  threads = threads + 1
end

function init(args)
  local file = assert(io.open(os.getenv("SLIPWAY_POOL"), "rb"))
  heads, lines = {}, {}
  local n = tonumber(file:read("*l"))
  for i = 1, n do
    local event, len = file:read("*l"):match("^(%S+) (%d+)$")
    local text = file:read(tonumber(len))
    file:read("*l")
    heads[i] = {
      "POST /webhooks/github HTTP/1.1\r\nHost: bench\r\nUser-Agent: GitHub-Hookshot/bench\r\nAccept: */*\r\n" ..
      "Content-Type: application/json\r\nX-GitHub-Event: " .. event .. "\r\nContent-Length: " ..
      (tonumber(len) + tonumber(os.getenv("SLIPWAY_TAIL"))) .. "\r\nX-GitHub-Delivery: ",
      "\r\nX-Hub-Signature-256: sha256=", "\r\n\r\n" .. text }
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
  local head = heads[tonumber(way) + 1]
  local id = string.format("%08x-%s-11f1-%s", nth, run:sub(1, 4), run:sub(5)) -- as GitHub's: a time, then who
  nth = nth + step
  return head[1] .. id .. head[2] .. signature .. head[3] .. tail
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
