-- Posts hits that differ in page and visitor, and prints one line of numbers at the end.
local number = 0
request = function()
  number = number + 1
  local body = string.format(
    '{"n":"pageview","u":"https://site.example/page/%d?x=1","r":"https://www.google.com/","t":"Page %d","w":1400}',
    number % 2000, number % 2000)
  local headers = {
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    ["Accept-Language"] = "de-AT,de;q=0.9",
    ["Referer"] = "https://site.example/",
    ["Content-Type"] = "text/plain",
  }
  return wrk.format("POST", wrk.path, headers, body)
end
done = function(summary, latency)
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(99), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
