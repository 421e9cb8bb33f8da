-- A script of wrk: requests at a rate, whatever the server's answers take, and one line of JSON at the end.
--   wrk -t1 -c CONNECTIONS -d SECONDS -s paced.lua URL -- RATE [METHOD BODY]
-- The key is in the variable KEY, so that it is in no argument.
local ffi = require("ffi")
ffi.cdef [[
    typedef struct { long seconds; long nanoseconds; } moment;
    int clock_gettime(int clock, moment *now);
]]
local now = ffi.new("moment")

local function milliseconds()
    ffi.C.clock_gettime(1, now) -- CLOCK_MONOTONIC
    return tonumber(now.seconds) * 1e3 + tonumber(now.nanoseconds) / 1e6
end

local interval, due

function init(arguments)
    interval = 1e3 / tonumber(arguments[1])
    wrk.method, wrk.body = arguments[2] or "GET", arguments[3]
    wrk.headers["Authorization"] = "Bearer " .. os.getenv("KEY")
    if wrk.body then wrk.headers["Content-Type"] = "application/json" end
    request_text = wrk.format()
end

function request() return request_text end

-- How long to wait before the next request, in milliseconds.
function delay()
    local time = milliseconds()
    due = (due or time) + interval
    return math.max(0, math.floor(due - time + 0.5))
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"rate": %.1f, "p50": %.6f, "p99": %.6f, "max": %.6f, "refused": %d, "errors": %d}\n',
        summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
        latency.max / 1e6, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
