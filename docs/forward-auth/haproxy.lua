-- Asks Yett about each request: lua.yett <address:port>. Everything but a clear yes is a no.

local names = { "remote-user", "remote-groups", "remote-name", "remote-email", "x-auth-request-token" }
local passed_on = {
    "cookie", "authorization", "accept", "x-requested-with", "sec-fetch-mode", "origin", "access-control-request-method",
}

local function refuse(txn, status, headers, body)
    local reply = txn:reply({ status = status })
    for _, name in ipairs({ "location", "www-authenticate", "cache-control", "retry-after" }) do
        if headers and headers[name] then
            reply:add_header(name, headers[name][0])
        end
    end
    reply:set_body(body or "")
    txn:done(reply)
end

core.register_action("yett", { "http-req" }, function(txn, address)
    local sent = txn.http:req_get_headers()
    local ask = {
        ["x-forwarded-method"] = { txn.sf:method() },
        ["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" },
        ["x-forwarded-host"] = { txn.sf:req_fhdr("host") },
        ["x-forwarded-uri"] = { txn.sf:pathq() },
        ["x-forwarded-for"] = { txn.sf:src() },
        ["host"] = { address },
    }
    for _, name in ipairs(passed_on) do
        if sent[name] then
            local values = {}
            for place = 0, #sent[name] do
                values[#values + 1] = sent[name][place]
            end
            ask[name] = values
        end
    end
    local client = core.httpclient()
    local answer = client:get({ url = "http://" .. address .. "/api/authz/forward-auth", headers = ask, timeout = 5000 })
    if not answer or not answer.status or answer.status == 0 then
        return refuse(txn, 503)
    end
    if answer.status ~= 200 then
        return refuse(txn, answer.status, answer.headers, answer.body)
    end
    for _, name in ipairs(names) do
        local value = answer.headers[name] and answer.headers[name][0]
        if value and value ~= "" then
            txn.http:req_set_header(name, value)
        end
    end
    -- The visitor's token is nobody's business behind here; the answer has these two without it.
    for _, name in ipairs({ "cookie", "authorization" }) do
        local value = answer.headers[name] and answer.headers[name][0]
        txn.http:req_del_header(name)
        if value and value ~= "" then
            txn.http:req_set_header(name, value)
        end
    end
end, 1)
