-- Sends the requests of a file in turn: on each line a path, a tab, and the token to bear; for a POST also a tab and its JSON body.
local requests = {}
local at = 0

function init(args)
  for line in io.lines(args[1]) do
    local path, token, body = line:match("^(%S+)\t(%S+)\t?(.*)$")
    local headers = { ["Authorization"] = "Bearer " .. token }
    if body ~= "" then headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(body == "" and "GET" or "POST", path, headers, body ~= "" and body or nil)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
