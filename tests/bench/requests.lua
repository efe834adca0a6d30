-- Sends the requests of a file in turn: on each line a path, the token to bear, the JSON body of a POST, and the client that
-- it is forwarded for, with tabs between them; what comes last may be left out, and what is empty is not sent.
local requests = {}
local at = 0

function init(args)
  for line in io.lines(args[1]) do
    local path, token, body, client = line:match("^(%S+)\t([^\t]*)\t?([^\t]*)\t?([^\t]*)$")
    local headers = {}
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    if client ~= "" then headers["X-Forwarded-For"] = client end
    if body ~= "" then headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(body == "" and "GET" or "POST", path, headers, body ~= "" and body or nil)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
