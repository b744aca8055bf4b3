-- Asks Yett about each request. Everything but a clear yes is a no.

local http = require("socket.http")
local ltn12 = require("ltn12")

local yett = "http://127.0.0.1:9180/api/authz/forward-auth"
local names = { "Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email", "X-Auth-Request-Token" }
local passed_on = {
    "Cookie", "Authorization", "Accept", "X-Requested-With", "Sec-Fetch-Mode", "Origin", "Access-Control-Request-Method",
}

function check(r)
    local ask = {
        ["X-Forwarded-Method"] = r.method,
        ["X-Forwarded-Proto"] = r.is_https and "https" or "http",
        ["X-Forwarded-Host"] = r.headers_in["Host"],
        ["X-Forwarded-Uri"] = r.unparsed_uri,
        ["X-Forwarded-For"] = r.useragent_ip,
    }
    for _, name in ipairs(passed_on) do
        ask[name] = r.headers_in[name]
    end
    local body = {}
    local ok, status, headers = http.request({
        url = yett, headers = ask, redirect = false, sink = ltn12.sink.table(body),
        create = function()
            local socket = require("socket").tcp()
            socket:settimeout(5)
            return socket
        end,
    })
    if not ok then
        return 503
    end
    if status ~= 200 then
        for _, name in ipairs({ "location", "www-authenticate", "cache-control", "retry-after" }) do
            r.err_headers_out[name] = headers[name]
        end
        return status
    end
    for _, name in ipairs(names) do
        local value = headers[name:lower()]
        if value and value ~= "" then
            r.headers_in[name] = value
        end
    end
    -- The visitor's token is nobody's business behind here; the answer has these two without it.
    for _, name in ipairs({ "Cookie", "Authorization" }) do
        local value = headers[name:lower()]
        r.headers_in[name] = value ~= "" and value or nil
    end
    return apache2.OK
end
