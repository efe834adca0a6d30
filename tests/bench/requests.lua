-- Sends the requests of a file in turn: on each line a path, the token to bear, the JSON body of a POST, the client that it
-- is forwarded for, and a content type in which the body is that of the file whose path stands in its place, with tabs between
-- them; what comes last may be left out, and what is empty is not sent.
local requests = {}
local at = 0

function init(args)
  for line in io.lines(args[1]) do
    local path, token, body, client, type = line:match("^(%S+)\t([^\t]*)\t?([^\t]*)\t?([^\t]*)\t?([^\t]*)$")
    local headers = {}
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    if client ~= "" then headers["X-Forwarded-For"] = client end
    if type ~= "" then
      local file = assert(io.open(body, "rb"))
      body = file:read("*a")
      file:close()
    elseif body ~= "" then
      type = "application/json"
    end
    if body ~= "" then headers["Content-Type"] = type end
    requests[#requests + 1] = wrk.format(body == "" and "GET" or "POST", path, headers, body ~= "" and body or nil)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
