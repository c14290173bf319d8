/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of mistake in a configuration, with its place. */
#include "config_text.h"

#define API   "apis: [{apiId: a, definition: a.yaml,\n"                         /* 2:1 */
#define STAGE "apis: [{apiId: a, definition: a.yaml, stages: [{stageName: s,\n" /* 2:1 */

#define CREDENTIAL(rest) "credentials:\n- {accessKeyId: a" rest "}\n" /* 2:18 */

#define NO_DOCS(path)                                                                              \
    "2:14: error: '" path "' is no path for docs: it begins with '/', does not end in one, and "   \
    "has letters, digits and -._~ between single ones\n"

static const struct {
    const char *name, *text, *want;
} cases[] = {
    /* any section */
    {"an unknown key", "accountID: 1\nfoo: 2\n",
     "1:1: error: there is no key 'accountID' here; did you mean 'accountId'?\n"
     "2:1: error: there is no key 'foo' here; did you mean 'log'?\n"},
    {"an unknown key in a section", "log: {levle: info}",
     "1:7: error: there is no key 'levle' here; did you mean 'level'?\n"},
    {"no map at all", "[1]", "1:1: error: the configuration must be a map, not a list\n"},
    {"a key twice", "log: {level: info}\nlog: {}\n",
     "2:1: error: key 'log' was already written at line 1, column 1\n"},
    {"malformed YAML", "log: {level: info\n",
     "2:1: error: did not find expected ',' or '}', while parsing a flow mapping (it begins at "
     "line "
     "1)\n"},
    {"empty values are absent", "log:\nlisteners:\nlimits: {headerBytes: }\nfunctions: ~\napis:\n",
     ""},
    {"empty values whose absence opens something",
     "listeners:\n- {name: l, port: 1, apis: , tls: }\n"
     "domains: [{domainName: '*', tls: , apiMappings: []}]\n",
     "2:22: error: 'apis' is empty\n"
     "2:30: error: 'tls' is empty\n"
     "3:29: error: 'tls' is empty\n"},
    {"a list for a map", "log: []", "1:6: error: 'log' must be a map, not a list\n"},
    {"a map for a list", "apis: {}", "1:7: error: 'apis' must be a list, not a map\n"},
    {"a string for a map", "limits: none", "1:9: error: 'limits' must be a map, not a string\n"},
    {"a string in a list of maps", "apis: [todo]\nlisteners: [8080]\n",
     "1:8: error: 'apis' must be a map, not a string\n"
     "2:13: error: 'listeners[]' must be a map, not a number\n"},
    {"all at once", "development: 1\nlog: {level: 5}\nlimits: {connections: 0}\n",
     "1:14: error: 'development' must be true or false, not a number\n"
     "2:14: error: 'level' must be a string (put it in quotes), not a number\n"
     "3:23: error: 'connections' must be from 1 to 1000000, not 0\n"},

    /* types */
    {"yes is no boolean", "development: yes",
     "1:14: error: 'development' must be true or false, not a string\n"},
    {"a list for a string", "awsRegion: [a]",
     "1:12: error: 'awsRegion' must be a string, not a list\n"},
    {"an empty string", "stateDirectory: ''", "1:17: error: 'stateDirectory' is empty\n"},
    {"a NUL", "stateDirectory: \"a\\0b\"", "1:17: error: 'stateDirectory' holds a NUL character\n"},
    {"a tagged string", "stateDirectory: !Sub a", "1:17: error: tag '!Sub' means nothing here\n"},
    {"a quoted number", "limits: {connections: '5'}",
     "1:23: error: 'connections' must be a whole decimal number, not a string\n"},
    {"a fraction", "limits: {connections: 1.5}",
     "1:23: error: 'connections' must be a whole decimal number, not 1.5\n"},
    {"1e3 is whole", "limits: {connections: 1e3}", ""},
    {"hexadecimal", "limits: {connections: 0x10}",
     "1:23: error: 'connections' must be a whole decimal number, not 0x10\n"},
    {"infinity", "throttling: {rateLimit: .inf}",
     "1:25: error: 'rateLimit' must be a decimal number, not .inf\n"},
    {"too many", "limits: {connections: 1000001}",
     "1:23: error: 'connections' must be from 1 to 1000000, not 1000001\n"},
    {"negative", "throttling: {rateLimit: -1}",
     "1:25: error: 'rateLimit' must be from 0 to 1000000000, not -1\n"},
    {"a large number", "limits: {bufferedBytes: 99999999999999999999}",
     "1:25: error: 'bufferedBytes' must be from 1 to 1099511627776, not 99999999999999999999\n"},
    {"a duration without unit", "shutdown: {drainTimeout: 30x}",
     "1:26: error: 'drainTimeout' must be a number of seconds, or a duration such as 500ms, 30s, "
     "10m or 2h\n"},
    {"a duration that is negative", "shutdown: {drainTimeout: -1s}",
     "1:26: error: 'drainTimeout' must be a number of seconds, or a duration such as 500ms, 30s, "
     "10m or 2h\n"},
    {"a duration that is too long", "functions: {f: {endpoint: 'http://h', timeout: 2h}}",
     "1:48: error: 'timeout' must be from 0.001 to 900, not 2h\n"},
    {"a word", "log: {level: loud, format: jsno}",
     "1:14: error: 'level' cannot be 'loud'; it is one of error, warning, notice, info, debug\n"
     "1:28: error: 'format' cannot be 'jsno'; did you mean 'json'?\n"},
    {"an account id", "accountId: 12345", "1:12: error: 'accountId' must be 12 digits\n"},
    {"an account id without quotes", "accountId: 012345678901", ""},
    {"an account id with letters", "accountId: 12345678901a",
     "1:12: error: 'accountId' must be 12 digits\n"},
    {"a region", "awsRegion: Ireland", "1:12: error: 'Ireland' is no region such as us-east-1\n"},

    /* listeners, admin, executeApi */
    {"a listener of nothing", "listeners: [{}]",
     "1:13: error: 'name' is missing\n"
     "1:13: error: 'port' is missing (or 'unix', or 'systemd')\n"},
    {"no listeners", "listeners: []",
     "1:12: error: 'listeners' is empty: leave it out to listen on 127.0.0.1:8080\n"},
    {"a port and a socket", "listeners: [{name: a, port: 1, unix: s, systemd: t}]",
     "1:32: error: 'unix' stands beside 'port': write one of them\n"
     "1:41: error: 'systemd' stands beside 'port': write one of them\n"},
    {"an address and a socket", "listeners: [{name: a, address: 127.0.0.1, unix: s}]",
     "1:23: error: 'address' stands beside 'unix'\n"},
    {"port 0", "listeners: [{name: a, port: 0}]",
     "1:29: error: 'port' must be from 1 to 65535, not 0\n"},
    {"a host name", "listeners: [{name: a, address: localhost, port: 1}]",
     "1:32: error: 'localhost' is no numeric address\n"},
    {"a listener twice", "listeners:\n  - {name: a, port: 1}\n  - {name: a, port: 2}\n",
     "3:12: error: listener 'a' is there twice; the first is at line 2\n"},
    {"a port twice",
     "listeners:\n  - {name: a, port: 1}\n  - {name: b, port: 1}\n"
     "admin: {port: 1}\n",
     "3:5: error: listener 'b' has the address and port of 'a'\n"
     "4:8: error: 'admin' has the address and port of listener 'a'\n"
     "4:8: error: 'admin' has the address and port of listener 'b'\n"},
    {"PROXY protocol from anybody", "listeners: [{name: a, port: 1, proxyProtocol: true}]",
     "1:32: error: 'proxyProtocol' without 'trustedProxies' would refuse every connection\n"},
    {"a network", "listeners: [{name: a, port: 1, trustedProxies: [10.0.0.1/8]}]",
     "1:49: error: '10.0.0.1/8' is no network such as 10.0.0.0/8 (bits beyond the prefix are "
     "zero)\n"},
    {"TLS without key", "listeners: [{name: a, port: 1, tls: {certificate: c}}]",
     "1:37: error: 'privateKey' is missing\n"},
    {"fewer keys than certificates",
     "listeners: [{name: a, port: 1, tls: {certificate: [c, d], privateKey: k}}]",
     "1:59: error: there are 1 private keys for 2 certificates\n"},
    {"TLS of numbers", "listeners: [{name: a, port: 1, tls: {certificate: [1], privateKey: {}}}]",
     "1:52: error: 'certificate' must be a string (put it in quotes), not a number\n"},
    {"TLS 1.0",
     "listeners: [{name: a, port: 1, tls: {certificate: c, privateKey: k,\n"
     "  minimumVersion: TLS_1_0}}]",
     "2:19: error: 'minimumVersion' cannot be 'TLS_1_0'; did you mean 'TLS_1_2'?\n"},
    {"admin without port", "admin: {}", "1:8: error: 'port' is missing\n"},
    {"execute-api",
     "executeApi: {hostSuffixes: [a, 'b:1'], publicEndpoint: 'http://x', pathForm: no}",
     "1:32: error: 'b:1' is no host name\n"
     "1:56: error: 'http://x' is no host with an optional port\n"
     "1:78: error: 'pathForm' cannot be 'no'; it is one of loopback, always, never\n"},

    /* apis */
    {"an API of nothing", "apis: [{}]",
     "1:8: error: 'apiId' is missing\n"
     "1:8: error: 'definition' is missing\n"},
    {"an API without id, and what else is wrong", "apis: [{definition: d, stages: [{}]}]",
     "1:8: error: 'apiId' is missing\n"
     "1:33: error: 'stageName' is missing\n"},
    {"an API id", "apis: [{apiId: My_Api, definition: d}]",
     "1:16: error: 'My_Api' is no API id: from 1 to 63 lower-case letters, digits and -\n"},
    {"an API twice", "apis:\n  - {apiId: a, definition: d}\n  - {apiId: a, definition: d}\n",
     "3:13: error: API 'a' is there twice; the first is at line 2\n"},
    {"other kinds of API",
     "apis:\n  - {apiId: a, definition: d, protocolType: REST}\n"
     "  - {apiId: b, definition: d, protocolType: WEBSOCKET}\n"
     "  - {apiId: c, definition: d, protocolType: SOAP}\n",
     "2:45: error: APIs of protocolType REST are not built yet\n"
     "4:45: error: 'protocolType' cannot be 'SOAP'; it is one of HTTP, REST, WEBSOCKET\n"},
    {"words of WebSocket APIs",
     API "binaryFrames: reject,\nserializeMessages: 1,\nidleReset: message}]",
     "2:15: error: 'binaryFrames' cannot be 'reject'; it is one of close, deliver\n"
     "3:20: error: 'serializeMessages' must be true or false, not a number\n"
     "4:12: error: 'idleReset' cannot be 'message'; did you mean 'messages'?\n"},
    {"a stage twice",
     "apis:\n  - apiId: a\n    definition: d\n    stages:\n"
     "      - stageName: s\n      - stageName: s\n",
     "6:20: error: stage 's' is there twice; the first is at line 5\n"},
    {"a stage's name", "apis: [{apiId: a, definition: d, stages: [{stageName: a/b}]}]",
     "1:55: error: 'a/b' is no stage name: $default, or letters, digits, - and _\n"},
    {"no stages", API "stages: []}]", "2:9: warning: an API without stages answers nothing\n"},
    {"stage variables", STAGE "stageVariables: {a-b: x, c: 'a b', d: [1]}}]}]",
     "2:18: error: stage variable 'a-b': a name has from 1 to 64 letters, digits and _\n"
     "2:29: error: stage variable 'c': a value has at most 512 letters, digits and "
     "-._~:/?#&=,\n"
     "2:39: error: 'stageVariables' must be a map of strings, not a list\n"},
    {"throttles",
     STAGE "defaultRouteSettings: {throttlingRateLimit: x},\n"
           "routeSettings: {$default: 1, GET /: {rateLimit: 1}}}]}]",
     "2:45: error: 'throttlingRateLimit' must be a decimal number, not a string\n"
     "3:27: error: 'routeSettings' must be a map, not a number\n"
     "3:38: error: there is no key 'rateLimit' here\n"},
    {"an access log without format", STAGE "accessLogSettings: {escape: all}}]}]",
     "2:20: error: 'format' is missing\n"
     "2:29: error: 'escape' cannot be 'all'; it is one of none, auto\n"},

    /* domains */
    {"a domain of nothing", "domains: [{}, {domainName: a}]",
     "1:11: error: 'domainName' is missing\n"
     "1:11: error: 'apiMappings' is missing\n"
     "1:15: error: 'apiMappings' is missing\n"},
    {"domain names",
     "domains:\n  - {domainName: 'a:1', apiMappings: []}\n"
     "  - {domainName: 'a.*', apiMappings: []}\n"
     "  - {domainName: 'a..b', apiMappings: []}\n"
     "  - {domainName: '*', apiMappings: []}\n"
     "  - {domainName: '*.a', apiMappings: []}\n"
     "  - {domainName: '*.A', apiMappings: []}\n",
     "2:18: error: 'a:1' is no domain name: a host name, '*.' before one, or '*'\n"
     "3:18: error: 'a.*' is no domain name: a host name, '*.' before one, or '*'\n"
     "4:18: error: 'a..b' is no domain name: a host name, '*.' before one, or '*'\n"
     "7:18: error: domain '*.a' is there twice; the first is at line 6\n"},
    {"mappings",
     "domains: [{domainName: a, apiMappings: [{apiId: x},\n"
     "  {apiId: x, stage: s, apiMappingKey: a//b}, {apiId: x, stage: s, apiMappingKey: 'a b'}]}]",
     "1:41: error: 'stage' is missing\n"
     "2:24: error: 'a//b' is no API mapping key: letters, digits and $-_.+!*'(), parted by "
     "single slashes\n"
     "2:67: error: 'a b' is no API mapping key: letters, digits and $-_.+!*'(), parted by single "
     "slashes\n"},

    /* functions, issuers */
    {"functions",
     "functions:\n  a: {}\n  b: http://x\n  c d: {endpoint: 'http://x'}\n"
     "  e: {endpoint: 'ftp://x'}\n  f: {endpoint: 'http://x/?q'}\n  g:\n",
     "2:6: error: 'endpoint' or 'process' is missing\n"
     "3:6: error: function 'b' must be a map, not a string\n"
     "4:3: error: 'c d' is no function name: from 1 to 64 letters, digits, - and _\n"
     "5:17: error: 'ftp://x' is no http:// or https:// URL of an endpoint\n"
     "6:17: error: 'http://x/?q' is no http:// or https:// URL of an endpoint\n"
     "7:5: error: function 'g' must be a map, not nothing\n"},
    {"https", "functions: {a: {endpoint: 'https://x'}}\ndefaultEndpoint: HTTPS://x\n", ""},
    {"a function's own URL",
     "functions: {a: {endpoint: 'http://x/2015-03-31/functions/a/invocations'}}\n"
     "defaultEndpoint: http://x/y/2015-03-31/functions\n",
     "1:27: error: an endpoint ends before /2015-03-31/functions: the gateway adds that and the "
     "function's name\n"
     "2:18: error: an endpoint ends before /2015-03-31/functions: the gateway adds that and the "
     "function's name\n"},
    {"a default endpoint", "defaultEndpoint: x",
     "1:18: error: 'x' is no http:// or https:// URL of an endpoint\n"},
    {"issuers",
     "issuers:\n  - {issuer: x}\n  - {issuer: x, jwksFile: f}\n"
     "  - {issuer: 'https://y', jwksUri: 'file:///x', jwksFile: f}\n  - {jwksUri: 'http://x'}\n",
     "2:14: error: 'x' is no http:// or https:// URL: its keys can only come from 'jwksUri' or "
     "'jwksFile'\n"
     "3:14: error: issuer 'x' is there twice; the first is at line 2\n"
     "4:36: error: 'file:///x' is no http:// or https:// URL\n"
     "4:49: error: 'jwksFile' stands beside 'jwksUri': write one of them\n"
     "5:5: error: 'issuer' is missing\n"},
    {"development issuers' hosts",
     "issuers:\n  - {issuer: 'https://localhost:8443/x', signingKeyFile: k}\n"
     "  - {issuer: 'https://A.LOCALHOST', signingKeyFile: k}\n"
     "  - {issuer: 'https://a.local', signingKeyFile: k}\n"
     "  - {issuer: 'https://a.test', signingKeyFile: k}\n"
     "  - {issuer: 'https://a.test.example.com', signingKeyFile: k}\n"
     "  - {issuer: 'https://notlocalhost', signingKeyFile: k}\n"
     "  - {issuer: 'https://127.0.0.1', signingKeyFile: k}\n",
     "6:14: error: a development issuer's host is localhost, or ends in .localhost, .local or "
     ".test: of any other, name the keys with 'jwksUri' or 'jwksFile'\n"
     "7:14: error: a development issuer's host is localhost, or ends in .localhost, .local or "
     ".test: of any other, name the keys with 'jwksUri' or 'jwksFile'\n"
     "8:14: error: a development issuer's host is localhost, or ends in .localhost, .local or "
     ".test: of any other, name the keys with 'jwksUri' or 'jwksFile'\n"},
    {"a development issuer in public",
     "issuers: [{issuer: 'https://a.test', signingKeyFile: k}]\n"
     "listeners: [{name: a, port: 1}, {name: b, address: 192.0.2.1, port: 1}]\n",
     "1:54: error: a development issuer, but listener 'b' is not loopback: set 'development: true' "
     "where that is meant\n"},
    {"a development issuer behind systemd",
     "issuers: [{issuer: 'https://a.test', signingKeyFile: k}]\n"
     "listeners: [{name: a, systemd: x}]\n",
     "1:54: error: a development issuer, but listener 'a' is not loopback: set 'development: true' "
     "where that is meant\n"},
    {"a development issuer in private",
     "issuers: [{issuer: 'https://a.test', signingKeyFile: k}]\n"
     "listeners: [{name: a, address: '::1', port: 1}, {name: b, unix: s}]\n",
     ""},
    {"a development issuer in public on purpose",
     "development: true\nissuers: [{issuer: 'https://a.test', signingKeyFile: k}]\n"
     "listeners: [{name: a, address: '::', port: 1}]\n",
     ""},

    /* credentials, managementApi */
    {"credentials",
     "credentials:\n  - {accessKeyId: a, secretAccessKey: s}\n"
     "  - {accessKeyId: b, secretAccessKeyFile: /nonexistent/s, policy: {x: y}}\n"
     "  - {accessKeyId: a}\n"
     "  - {accessKeyId: a, secretAccessKey: s, secretAccessKeyFile: s}\n"
     "  - {accessKeyId: a, secretAccessKey: 1, policy: x, accessKeyIdFile: x}\n",
     "3:43: error: /nonexistent/s: cannot be read: No such file or directory\n"
     "4:5: error: 'secretAccessKey' or 'secretAccessKeyFile' is missing\n"
     "5:63: error: 'secretAccessKeyFile' stands beside 'secretAccessKey': write one of them\n"
     "6:39: error: 'secretAccessKey' must be a string (put it in quotes), not a number\n"
     "6:50: error: 'policy' must be a map, not a string\n"
     "6:53: error: there is no key 'accessKeyIdFile' here; did you mean 'accessKeyId'?\n"},
    {"a credential that is nothing", "credentials: [~]",
     "1:15: error: 'accessKeyId' is missing\n"
     "1:15: error: 'secretAccessKey' or 'secretAccessKeyFile' is missing\n"},
    {"credentials that are no list", "credentials: {a: b}",
     "1:14: error: 'credentials' must be a list, not a map\n"},
    {"a credential that is no map", "credentials: [AKID]",
     "1:15: error: 'credentials[]' must be a map, not a string\n"},
    {"a credential twice",
     "credentials:\n  - {accessKeyId: a, secretAccessKey: s}\n"
     "  - {accessKeyId: b, secretAccessKey: s}\n  - {accessKeyId: a, secretAccessKey: t}\n",
     "4:6: error: access key ID 'a' is there twice; the first is at line 2\n"},
    {"an empty secret access key", CREDENTIAL(", secretAccessKey: ''"),
     "2:37: error: 'secretAccessKey' is empty\n"},
    {"an empty file for it", CREDENTIAL(", secretAccessKeyFile: /dev/null"),
     "2:41: error: /dev/null is empty\n"},
    {"no secret access key", CREDENTIAL(", secretAccessKey: "),
     "2:3: error: 'secretAccessKey' or 'secretAccessKeyFile' is missing\n"},
    {"secrets that no header carries",
     "credentials:\n- {accessKeyId: a/b, secretAccessKey: s}\n"
     "- {accessKeyId: b, secretAccessKey: 'top secret'}\n"
     "- {accessKeyId: c, secretAccessKey: s, sessionToken: \"top\\nsecret\"}\n",
     "2:4: error: the access key ID holds a character that none has: a space or a line break?\n"
     "3:4: error: the secret access key holds a character that none has: a space or a line "
     "break?\n"
     "4:4: error: the session token holds a character that none has: a space or a line break?\n"},
    {"what would open more than was meant",
     CREDENTIAL(", secretAccessKey: s, sessionToken: , policy: "),
     "2:40: error: 'sessionToken' is empty\n"
     "2:56: error: 'policy' is empty\n"},
    {"the same in a file", CREDENTIAL(", secretAccessKey: s, sessionTokenFile: "),
     "2:40: error: 'sessionTokenFile' is empty\n"},
    {"an empty session token", CREDENTIAL(", secretAccessKey: s, sessionToken: ''"),
     "2:54: error: 'sessionToken' is empty\n"},
    {"a policy with tags",
     CREDENTIAL(", secretAccessKey: s, policy: {Statement: [!Sub a, {Resource: !Ref b}]}"),
     "2:61: error: tag '!Sub' means nothing here\n"
     "2:80: error: tag '!Ref' means nothing here\n"},
    /* what is only checked */
    {"WebSocket limits", "limits: {websocketIdle: 10m, websocketFrameBytes: 0}",
     "1:51: error: 'websocketFrameBytes' must be from 1 to 1073741824, not 0\n"},
    {"the management API", "managementApi: {authorizationType: IAM, listeners: [lokal, x]}",
     "1:36: error: 'authorizationType' cannot be 'IAM'; it is one of AWS_IAM, NONE\n"
     "1:53: error: there is no listener 'lokal'; did you mean 'local'?\n"
     "1:60: error: there is no listener 'x'\n"},
    {"a management API that is unclear",
     "managementApi: {authorizationType: IAM}\n"
     "listeners: [{name: a, address: 0.0.0.0, port: 1}]\n",
     "1:36: error: 'authorizationType' cannot be 'IAM'; it is one of AWS_IAM, NONE\n"},
    {"a management API on no listeners in particular", "managementApi: {listeners: }",
     "1:17: error: 'listeners' is empty\n"},
    {"a management API that is no map", "managementApi: AWS_IAM",
     "1:16: error: 'managementApi' must be a map, not a string\n"},
    {"an open management API, loopback only", "managementApi: {authorizationType: NONE}", ""},
    {"an open management API in public",
     "managementApi: {authorizationType: NONE}\n"
     "listeners: [{name: a, address: 0.0.0.0, port: 1}]\n",
     "1:17: error: authorizationType NONE without 'listeners', but listener 'a' is not loopback\n"},
    {"an open management API on a public listener",
     "managementApi: {authorizationType: NONE, listeners: [b, a]}\n"
     "listeners: [{name: a, address: 0.0.0.0, port: 1}, {name: b, port: 2}]\n",
     "1:57: warning: authorizationType NONE: whoever reaches listener 'a' may send to every "
     "connection\n"},
    {"less may wait than a message has",
     "limits: {websocketMessageBytes: 5,\n websocketPendingBytes: 4}",
     "2:2: warning: websocketPendingBytes is less than websocketMessageBytes: a connection is "
     "closed where it is sent a message that is longer\n"},
    {"messages grow beyond what may wait", "limits: {websocketMessageBytes: 1048577}",
     "1:10: warning: websocketPendingBytes is less than websocketMessageBytes: a connection is "
     "closed where it is sent a message that is longer\n"},
    {"as much may wait as a message has", "limits: {websocketMessageBytes: 1048576}", ""},
    {"an open management API on a private listener",
     "managementApi: {authorizationType: NONE, listeners: [b]}\n"
     "listeners: [{name: a, address: 0.0.0.0, port: 1}, {name: b, port: 2}]\n",
     ""},

    /* documentation */
    {"docs: the root", API "docs: {path: /}}]", NO_DOCS("/")},
    {"docs: without a slash", API "docs: {path: docs}}]", NO_DOCS("docs")},
    {"docs: with one at the end", API "docs: {path: /docs/}}]", NO_DOCS("/docs/")},
    {"docs: two slashes", API "docs: {path: /a//b}}]", NO_DOCS("/a//b")},
    {"docs: a variable", API "docs: {path: '/{a}/docs'}}]", NO_DOCS("/{a}/docs")},
    {"docs: dots", API "docs: {path: /../docs}}]", NO_DOCS("/../docs")},
    {"docs: what links would escape", API "docs: {path: /d%20cs}}]", NO_DOCS("/d%20cs")},
    {"docs: nothing", API "docs: {path: ''}}]", "2:14: error: 'path' is empty\n"},
    {"docs: nowhere", API "docs: {}}]", "2:7: error: 'path' is missing\n"},
    {"docs: no map", API "docs: /docs}]", "2:7: error: 'docs' must be a map, not a string\n"},
    {"docs: absent", API "docs: }]", ""},
    {"docs: at any depth", API "docs: {path: /a.b/~c-d_E}}]", ""},
    {"a service by its usual name", "serviceEndpoints: {SQS: 'http://127.0.0.1:9324'}\n",
     "1:20: error: no integration calls a service 'SQS'; did you mean 'sqs'?: there are appconfig, "
     "events, kinesis, sqs and states\n"},
    {"a service that no subtype has", "serviceEndpoints: {dynamodb: 'http://127.0.0.1:8000'}\n",
     "1:20: error: no integration calls a service 'dynamodb': there are appconfig, events, "
     "kinesis, sqs and states\n"},
    {"services' endpoints",
     "serviceEndpoints: {sqs: localhost, events: {}, kinesis: [],\n"
     "  states: {endpoint: 'http://a', signWth: environment}}\n",
     "1:25: error: 'localhost' is no http:// or https:// URL of an endpoint\n"
     "1:44: error: 'endpoint' is missing\n"
     "1:57: error: 'serviceEndpoints' must be a string, not a list\n"
     "2:34: error: there is no key 'signWth' here; did you mean 'signWith'?\n"},

    /* what is not built yet */
    {"values that say what holds anyway",
     "apiKeys: []\nusagePlans:\nserviceEndpoints: {}\ntracing: {exporter: none}\n"
     "apis: [{apiId: a, definition: d, binaryFrames: close, serializeMessages: false,\n"
     "  idleReset: messages, stages: [{stageName: s, loggingLevel: OFF}]}]\n",
     ""},
    {"at the root", "apiKeys: [{}]\nusagePlans: [{}]\ntracing: {exporter: otlp}\n",
     "1:1: error: 'apiKeys' is not built yet\n"
     "2:1: error: 'usagePlans' is not built yet\n"
     "3:1: error: 'tracing' is not built yet\n"},
    {"of stages", STAGE "loggingLevel: INFO,\nmethodSettings: {a: {}}}]}]",
     "2:1: error: 'loggingLevel' is not built yet\n"
     "3:1: error: 'methodSettings' is not built yet\n"},
    {"of domains",
     "domains: [{domainName: a, apiMappings: [],\n"
     "mutualTlsAuthentication: {truststore: x}}]",
     "2:1: error: 'mutualTlsAuthentication' is not built yet\n"},
};

static void finds_problems(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct config_text t;
        config_text_read(&t, c->text, NULL);
        CHECK_CASE(c, strcmp(config_text_findings(&t), c->want) == 0, "got\n%s",
                   config_text_findings(&t));
        config_text_release(&t);
    }
}

static void says_that_a_file_is_missing(void **state)
{
    (void)state;
    struct builder b;
    struct diag diag;
    diag_init(&diag);
    builder_init(&b, &diag);
    assert_false(config_load(&b, "/nowhere/turnpike.yaml", NULL));
    builder_abandon(&b);
    assert_int_equal(diag.error_count, 1);
    assert_string_equal(diag.findings.items[0].at.file, "/nowhere/turnpike.yaml");
    assert_str_equal(diag.findings.items[0].message,
                     STR("cannot be read: No such file or directory"));
    diag_release(&diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_problems),
        cmocka_unit_test(says_that_a_file_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
