/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/http_message.h"

#include "turnpike/base/xalloc.h"

#include "testing.h"

#define OK          HTTP_PARSE_OK
#define INCOMPLETE  HTTP_PARSE_INCOMPLETE
#define INVALID     HTTP_PARSE_INVALID
#define MANY        HTTP_PARSE_TOO_MANY_HEADERS
#define UNSUPPORTED HTTP_PARSE_UNSUPPORTED

struct parse_case {
    const char *name;
    struct str bytes;
    enum http_parse_result result;
    const char *want; /* OK: the head as rendered below; otherwise why it was refused */
};

#define GET   "GET / HTTP/1.1\r\nHost: h\r\n"
#define GET10 "GET / HTTP/1.0\r\n"
#define POST  "POST / HTTP/1.1\r\nHost: h\r\n"
#define WHOLE "GET / h 1.1 none keep"

/* Rows of one or two lines read better than columns. */
/* clang-format off */

/* method target host version framing connection (continue) (upgrade) */
static const struct parse_case requests[] = {
    /* the request line */
    {"the smallest 1.1 request", STR_INIT(GET "\r\n"), OK, WHOLE},
    {"the smallest 1.0 request", STR_INIT(GET10 "\r\n"), OK, "GET /  1.0 none close"},
    {"an empty line before it", STR_INIT("\r\n" GET "\r\n"), OK, WHOLE},
    {"two empty lines before it", STR_INIT("\r\n\r\n" GET "\r\n"), INVALID, "a malformed method"},
    {"a bare LF before it", STR_INIT("\n" GET "\r\n"), INVALID, "a malformed method"},
    {"a bare CR before it", STR_INIT("\r" GET "\r\n"), INVALID, "a line does not end in CRLF"},
    {"a space before it", STR_INIT(" " GET "\r\n"), INVALID, "a malformed method"},
    {"any token is a method", STR_INIT("M-SEARCH!#$%&'*+.^_`|~ / HTTP/1.0\r\n\r\n"), OK,
     "M-SEARCH!#$%&'*+.^_`|~ /  1.0 none close"},
    {"methods have case", STR_INIT("get / HTTP/1.0\r\n\r\n"), OK, "get /  1.0 none close"},
    {"a method of 32", STR_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.0\r\n\r\n"), OK,
     "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF /  1.0 none close"},
    {"a method of 33", STR_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.0\r\n\r\n"), INVALID,
     "the method is too long"},
    {"a method with a delimiter", STR_INIT("G(T / HTTP/1.1\r\n"), INVALID, "a malformed method"},
    {"a tab for a space", STR_INIT("GET\t/ HTTP/1.1\r\n"), INVALID, "a malformed method"},
    {"two spaces", STR_INIT("GET  / HTTP/1.1\r\n"), INVALID, "a malformed target"},
    {"two spaces behind", STR_INIT("GET /  HTTP/1.1\r\n"), INVALID, "a malformed version"},
    {"a TLS hello", STR_INIT("\x16\x03\x01\x02"), INVALID, "a malformed method"},

    /* targets (RFC 9112, 3.2) */
    {"a path and a query", STR_INIT("GET /a%20b/c?d=e&f HTTP/1.0\r\n\r\n"), OK,
     "GET /a%20b/c?d=e&f  1.0 none close"},
    {"two slashes are a path", STR_INIT("GET //evil/x HTTP/1.0\r\n\r\n"), OK,
     "GET //evil/x  1.0 none close"},
    {"characters that URLs quote", STR_INIT("GET /\"<>\\^`{|} HTTP/1.0\r\n\r\n"), OK,
     "GET /\"<>\\^`{|}  1.0 none close"},
    {"* for OPTIONS", STR_INIT("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), OK,
     "OPTIONS * h 1.1 none keep"},
    {"* for another", STR_INIT("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), INVALID,
     "only OPTIONS may ask for *"},
    {"more behind *", STR_INIT("OPTIONS *a HTTP/1.1\r\nHost: h\r\n\r\n"), INVALID,
     "only OPTIONS may ask for *"},
    {"an absolute target", STR_INIT("GET http://a:81/x?y HTTP/1.1\r\nHost: h\r\n\r\n"), OK,
     "GET /x?y a:81 1.1 none keep"},
    {"https, in capitals", STR_INIT("GET HTTPS://A/ HTTP/1.1\r\nHost: h\r\n\r\n"), OK,
     "GET / A 1.1 none keep"},
    {"an absolute target without a path", STR_INIT("GET http://a HTTP/1.1\r\nHost: h\r\n\r\n"),
     OK, "GET / a 1.1 none keep"},
    {"OPTIONS and no path", STR_INIT("OPTIONS http://a HTTP/1.1\r\nHost: h\r\n\r\n"), OK,
     "OPTIONS * a 1.1 none keep"},
    {"a query and no path", STR_INIT("GET http://a?y HTTP/1.1\r\nHost: h\r\n\r\n"), INVALID,
     "an absolute target with a query and no path"},
    {"a bare question mark and no path", STR_INIT("GET http://a? HTTP/1.1\r\nHost: h\r\n\r\n"),
     INVALID, "an absolute target with a query and no path"},
    {"absolute, and no Host all the same", STR_INIT("GET http://a/ HTTP/1.1\r\n\r\n"), INVALID,
     "no Host"},
    {"an absolute target without a host", STR_INIT("GET http:///x HTTP/1.0\r\n\r\n"), INVALID,
     "a malformed absolute target"},
    {"user information", STR_INIT("GET http://u@a/ HTTP/1.0\r\n\r\n"), INVALID,
     "a malformed absolute target"},
    {"another scheme", STR_INIT("GET ftp://a/ HTTP/1.0\r\n\r\n"), INVALID,
     "a target that is neither a path nor an http URL"},
    {"a scheme cut short", STR_INIT("GET http HTTP/1.0\r\n\r\n"), INVALID,
     "a malformed absolute target"},
    {"a relative path", STR_INIT("GET x HTTP/1.0\r\n\r\n"), INVALID,
     "a target that is neither a path nor an http URL"},
    {"authority-form", STR_INIT("CONNECT a.example:443 HTTP/1.1\r\n"), INVALID,
     "a target that is neither a path nor an http URL"},
    {"CONNECT with a path", STR_INIT("CONNECT / HTTP/1.1\r\n"), INVALID, "CONNECT is for proxies"},
    {"a fragment", STR_INIT("GET /#f HTTP/1.1\r\n"), INVALID, "a malformed target"},
    {"NUL in a target", STR_INIT("GET /\0 HTTP/1.1\r\n"), INVALID, "a malformed target"},
    {"DEL in a target", STR_INIT("GET /\x7f HTTP/1.1\r\n"), INVALID, "a malformed target"},
    {"a tab in a target", STR_INIT("GET /\tx HTTP/1.1\r\n"), INVALID, "a malformed target"},
    {"not ASCII in a target", STR_INIT("GET /\xc3\xbc HTTP/1.1\r\n"), INVALID,
     "a malformed target"},
    {"HTTP/0.9", STR_INIT("GET /\r\n"), INVALID, "a malformed target"},

    /* versions (RFC 9112, 2.3) */
    {"a later minor version is 1.1", STR_INIT("GET / HTTP/1.9\r\nHost: h\r\n\r\n"), OK,
     "GET / h 1.9 none keep"},
    {"HTTP/2.0", STR_INIT("GET / HTTP/2.0\r\n"), UNSUPPORTED, "another version than HTTP/1"},
    {"the preface of HTTP/2", STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), UNSUPPORTED,
     "another version than HTTP/1"},
    {"HTTP/0.9 in full", STR_INIT("GET / HTTP/0.9\r\n"), UNSUPPORTED,
     "another version than HTTP/1"},
    {"two digits, minor", STR_INIT("GET / HTTP/1.10\r\n"), INVALID, "a line does not end in CRLF"},
    {"two digits, major", STR_INIT("GET / HTTP/11.1\r\n"), INVALID, "a malformed version"},
    {"no minor version", STR_INIT("GET / HTTP/1\r\n"), INVALID, "a malformed version"},
    {"a comma for a dot", STR_INIT("GET / HTTP/1,1\r\n"), INVALID, "a malformed version"},
    {"versions have case", STR_INIT("GET / http/1.1\r\n"), INVALID, "a malformed version"},
    {"another protocol", STR_INIT("GET / ICY/1.1\r\n"), INVALID, "a malformed version"},
    {"a space behind the version", STR_INIT("GET / HTTP/1.1 \r\n"), INVALID,
     "a line does not end in CRLF"},

    /* field lines (RFC 9112, 5) */
    {"a bare LF behind the request line", STR_INIT("GET / HTTP/1.1\nHost: h\r\n\r\n"), INVALID,
     "a line does not end in CRLF"},
    {"a bare LF behind a field", STR_INIT(GET "A: b\nC: d\r\n\r\n"), INVALID,
     "a line does not end in CRLF"},
    {"a bare LF at the end", STR_INIT(GET "\n"), INVALID,
     "a malformed field name or a folded line"},
    {"a bare CR in a value", STR_INIT(GET "A: b\rc\r\n\r\n"), INVALID,
     "a line does not end in CRLF"},
    {"a bare CR at the end", STR_INIT(GET "\rX"), INVALID, "a line does not end in CRLF"},
    {"CR CR LF", STR_INIT(GET "A: b\r\r\n\r\n"), INVALID, "a line does not end in CRLF"},
    {"a folded line", STR_INIT(GET "A: b\r\n c\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"a line folded with a tab", STR_INIT(GET "A: b\r\n\tc\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"a folded first line", STR_INIT("GET / HTTP/1.1\r\n Host: h\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"a space before the colon", STR_INIT(GET "A : b\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"a tab before the colon", STR_INIT(GET "A\t: b\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"an empty name", STR_INIT(GET ": b\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"no colon", STR_INIT(GET "A\r\n\r\n"), INVALID, "a malformed field name or a folded line"},
    {"a delimiter in a name", STR_INIT(GET "A(: b\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"not ASCII in a name", STR_INIT(GET "A\xc3\xbc: b\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"NUL in a name", STR_INIT(GET "A\0: b\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"NUL in a value", STR_INIT(GET "A: b\0c\r\n\r\n"), INVALID, "a line does not end in CRLF"},
    {"NUL deep in a value", STR_INIT(GET "A: 0123456789\0abcdefgh\r\n\r\n"), INVALID,
     "a line does not end in CRLF"},
    {"a control character in a value", STR_INIT(GET "A: b\x01\r\n\r\n"), INVALID,
     "a line does not end in CRLF"},
    {"ESC in a value", STR_INIT(GET "A: \x1b[31mred\r\n\r\n"), INVALID,
     "a line does not end in CRLF"},
    {"DEL in a value", STR_INIT(GET "A: b\x7f\r\n\r\n"), INVALID, "a line does not end in CRLF"},
    {"DEL deep in a value", STR_INIT(GET "A: 01234567\x7f" "9abcdefgh\r\n\r\n"), INVALID,
     "a line does not end in CRLF"},
    {"obs-text, tabs and spaces in a value", STR_INIT(GET "A: \xff\x80 b\tc 0123456789\r\n\r\n"),
     OK, WHOLE},
    {"an empty value", STR_INIT(GET "A:\r\nB: \t \r\n\r\n"), OK, WHOLE},
    {"bytes behind the head", STR_INIT(GET "\r\nGET /2 \n\n"), OK, WHOLE},

    /* Host (RFC 9112, 3.2) */
    {"no Host in 1.1", STR_INIT("GET / HTTP/1.1\r\n\r\n"), INVALID, "no Host"},
    {"two Hosts", STR_INIT(GET "hOST: h\r\n\r\n"), INVALID, "more than one Host"},
    {"two Hosts in 1.0", STR_INIT(GET10 "Host: h\r\nHost: h\r\n\r\n"), INVALID,
     "more than one Host"},
    {"an empty Host", STR_INIT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), OK, "GET /  1.1 none keep"},
    {"an empty Host and another", STR_INIT("GET / HTTP/1.1\r\nHost:\r\nHost: h\r\n\r\n"), INVALID,
     "more than one Host"},
    {"Host with a port", STR_INIT("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), OK,
     "GET / [::1]:80 1.1 none keep"},
    {"a list of Hosts", STR_INIT("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), INVALID,
     "a malformed Host"},
    {"a path in Host", STR_INIT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), INVALID,
     "a malformed Host"},
    {"user information in Host", STR_INIT("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), INVALID,
     "a malformed Host"},
    {"a bad port in Host", STR_INIT("GET / HTTP/1.0\r\nHost: a:b\r\n\r\n"), INVALID,
     "a malformed Host"},
    {"a malformed Host behind an absolute target",
     STR_INIT("GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n"), INVALID, "a malformed Host"},

    /* framing (RFC 9112, 6) */
    {"Content-Length", STR_INIT(POST "Content-Length: 5\r\n\r\n"), OK, "POST / h 1.1 5 keep"},
    {"Content-Length of a GET", STR_INIT(GET "content-length:5\r\n\r\n"), OK,
     "GET / h 1.1 5 keep"},
    {"Content-Length 0", STR_INIT(POST "Content-Length: 0\r\n\r\n"), OK, "POST / h 1.1 none keep"},
    {"zeros in front", STR_INIT(POST "Content-Length: 007\r\n\r\n"), OK, "POST / h 1.1 7 keep"},
    {"the longest", STR_INIT(POST "Content-Length: 18446744073709551615\r\n\r\n"), OK,
     "POST / h 1.1 18446744073709551615 keep"},
    {"beyond the longest", STR_INIT(POST "Content-Length: 18446744073709551616\r\n\r\n"), INVALID,
     "a malformed Content-Length"},
    {"far beyond the longest", STR_INIT(POST "Content-Length: 118446744073709551615\r\n\r\n"),
     INVALID, "a malformed Content-Length"},
    {"no digits", STR_INIT(POST "Content-Length:\r\n\r\n"), INVALID, "a malformed Content-Length"},
    {"plus", STR_INIT(POST "Content-Length: +5\r\n\r\n"), INVALID, "a malformed Content-Length"},
    {"minus", STR_INIT(POST "Content-Length: -5\r\n\r\n"), INVALID, "a malformed Content-Length"},
    {"hexadecimal", STR_INIT(POST "Content-Length: 0x5\r\n\r\n"), INVALID,
     "a malformed Content-Length"},
    {"a fraction", STR_INIT(POST "Content-Length: 5.0\r\n\r\n"), INVALID,
     "a malformed Content-Length"},
    {"two numbers", STR_INIT(POST "Content-Length: 5 5\r\n\r\n"), INVALID,
     "a malformed Content-Length"},
    {"a list of equals", STR_INIT(POST "Content-Length: 5, 5\r\n\r\n"), INVALID,
     "a malformed Content-Length"},
    {"two lengths", STR_INIT(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), INVALID,
     "more than one Content-Length"},
    {"two equal lengths", STR_INIT(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
     INVALID, "more than one Content-Length"},
    {"two lengths of 0", STR_INIT(POST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"), INVALID,
     "more than one Content-Length"},
    {"chunked", STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n"), OK,
     "POST / h 1.1 chunked keep"},
    {"codings have no case", STR_INIT(POST "transfer-encoding: ChunkeD\r\n\r\n"), OK,
     "POST / h 1.1 chunked keep"},
    {"another coding", STR_INIT(POST "Transfer-Encoding: gzip\r\n\r\n"), UNSUPPORTED,
     "another transfer coding than chunked"},
    {"another coding and chunked", STR_INIT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
     UNSUPPORTED, "another transfer coding than chunked"},
    {"identity", STR_INIT(POST "Transfer-Encoding: identity\r\n\r\n"), UNSUPPORTED,
     "another transfer coding than chunked"},
    {"chunked with a parameter", STR_INIT(POST "Transfer-Encoding: chunked;a=b\r\n\r\n"),
     UNSUPPORTED, "another transfer coding than chunked"},
    {"chunked not last", STR_INIT(POST "Transfer-Encoding: chunked, gzip\r\n\r\n"), INVALID,
     "a malformed Transfer-Encoding"},
    {"chunked twice", STR_INIT(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"), INVALID,
     "a malformed Transfer-Encoding"},
    {"chunked in two fields",
     STR_INIT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), INVALID,
     "more than one Transfer-Encoding"},
    {"chunked, then identity",
     STR_INIT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"), INVALID,
     "more than one Transfer-Encoding"},
    {"no coding", STR_INIT(POST "Transfer-Encoding:\r\n\r\n"), INVALID,
     "a malformed Transfer-Encoding"},
    {"a comma behind chunked", STR_INIT(POST "Transfer-Encoding: chunked,\r\n\r\n"), INVALID,
     "a malformed Transfer-Encoding"},
    {"quoted chunked", STR_INIT(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), INVALID,
     "a malformed Transfer-Encoding"},
    {"chunked and more", STR_INIT(POST "Transfer-Encoding: chunked x\r\n\r\n"), INVALID,
     "a malformed Transfer-Encoding"},
    {"a vertical tab before chunked", STR_INIT(POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n"),
     INVALID, "a line does not end in CRLF"},
    {"chunked in 1.0", STR_INIT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), INVALID,
     "Transfer-Encoding in HTTP/1.0"},
    {"length, then coding",
     STR_INIT(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), INVALID,
     "both Content-Length and Transfer-Encoding"},
    {"coding, then length",
     STR_INIT(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), INVALID,
     "both Content-Length and Transfer-Encoding"},
    {"coding and length 0",
     STR_INIT(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"), INVALID,
     "both Content-Length and Transfer-Encoding"},
    {"names that look alike", STR_INIT(POST "Content_Length: 9\r\nXontent-Length: 9\r\n\r\n"), OK,
     "POST / h 1.1 none keep"},

    /* Connection, Expect, Upgrade (RFC 9112, 9.3; RFC 9110, 10.1.1 and 7.8) */
    {"close", STR_INIT(GET "Connection: close\r\n\r\n"), OK, "GET / h 1.1 none close"},
    {"close in a list", STR_INIT(GET "Connection: x, ,CLOSE ,y\r\n\r\n"), OK,
     "GET / h 1.1 none close"},
    {"close in a second field", STR_INIT(GET "Connection: x\r\nConnection: close\r\n\r\n"), OK,
     "GET / h 1.1 none close"},
    {"close wins", STR_INIT(GET "Connection: keep-alive, close\r\n\r\n"), OK,
     "GET / h 1.1 none close"},
    {"options are whole tokens", STR_INIT(GET "Connection: closed\r\n\r\n"), OK, WHOLE},
    {"keep-alive in 1.0", STR_INIT(GET10 "Connection: Keep-Alive\r\n\r\n"), OK,
     "GET /  1.0 none keep"},
    {"close wins in 1.0", STR_INIT(GET10 "Connection: close, keep-alive\r\n\r\n"), OK,
     "GET /  1.0 none close"},
    {"an expectation", STR_INIT(POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n"), OK,
     "POST / h 1.1 1 keep continue"},
    {"an expectation before chunks",
     STR_INIT(POST "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"), OK,
     "POST / h 1.1 chunked keep continue"},
    {"an expectation without a body", STR_INIT(POST "Expect: 100-continue\r\n\r\n"), OK,
     "POST / h 1.1 none keep"},
    {"an expectation in 1.0",
     STR_INIT("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"), OK,
     "POST /  1.0 1 close"},
    {"another expectation", STR_INIT(POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\n"), OK,
     "POST / h 1.1 1 keep"},
    {"an upgrade", STR_INIT(GET "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"),
     OK, "GET / h 1.1 none keep upgrade"},
    {"Upgrade alone", STR_INIT(GET "Upgrade: websocket\r\n\r\n"), OK, WHOLE},
    {"an upgrade to nothing", STR_INIT(GET "Upgrade:\r\nConnection: upgrade\r\n\r\n"), OK, WHOLE},
    {"Connection: upgrade alone", STR_INIT(GET "Connection: upgrade\r\n\r\n"), OK, WHOLE},
    {"an upgrade in 1.0", STR_INIT(GET10 "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n"), OK,
     "GET /  1.0 none close"},

    /* what is not there yet */
    {"nothing", STR_INIT(""), INCOMPLETE, NULL},
    {"an empty line alone", STR_INIT("\r\n"), INCOMPLETE, NULL},
    {"no end of the head", STR_INIT(GET "A: b\r\n"), INCOMPLETE, NULL},
    {"half the end", STR_INIT(GET "\r"), INCOMPLETE, NULL},
    {"half an absolute target", STR_INIT("GET htt"), INCOMPLETE, NULL},

    /* what is refused before it is complete */
    {"a wrong target begins", STR_INIT("GET x"), INVALID,
     "a target that is neither a path nor an http URL"},
    {"a wrong scheme begins", STR_INIT("GET httx"), INVALID,
     "a target that is neither a path nor an http URL"},
    {"a wrong version begins", STR_INIT("GET / HTTQ"), INVALID, "a malformed version"},
    {"a folded line begins", STR_INIT(GET " "), INVALID,
     "a malformed field name or a folded line"},
    {"a wrong value begins", STR_INIT(GET "A: \x01"), INVALID, "a line does not end in CRLF"},
    {"a second length", STR_INIT(POST "Content-Length: 5\r\nContent-Length: 5\r\n"), INVALID,
     "more than one Content-Length"},
};

#define S200 "HTTP/1.1 200 OK\r\n"

/* status version framing connection (upgrade) */
static const struct parse_case responses[] = {
    {"a length", STR_INIT(S200 "Content-Length: 5\r\n\r\n"), OK, "200 1.1 5 keep"},
    {"length 0", STR_INIT(S200 "Content-Length: 0\r\n\r\n"), OK, "200 1.1 none keep"},
    {"chunked", STR_INIT(S200 "Transfer-Encoding: chunked\r\n\r\n"), OK, "200 1.1 chunked keep"},
    {"until the end", STR_INIT(S200 "\r\n"), OK, "200 1.1 until-close close"},
    {"until the end of 1.0", STR_INIT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"), OK,
     "200 1.0 until-close close"},
    {"1.0 kept alive",
     STR_INIT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n"), OK,
     "200 1.0 2 keep"},
    {"close", STR_INIT(S200 "Connection: close\r\nContent-Length: 2\r\n\r\n"), OK,
     "200 1.1 2 close"},
    {"an interim answer", STR_INIT("HTTP/1.1 100 Continue\r\n\r\n"), OK, "100 1.1 none keep"},
    {"hints", STR_INIT("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), OK, "103 1.1 none keep"},
    {"an upgrade",
     STR_INIT("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
     OK, "101 1.1 none keep upgrade"},
    {"204 has no body", STR_INIT("HTTP/1.1 204 No Content\r\n\r\n"), OK, "204 1.1 none keep"},
    {"204 that announces one", STR_INIT("HTTP/1.1 204 X\r\nContent-Length: 3\r\n\r\n"), OK,
     "204 1.1 none close"},
    {"204 that announces chunks",
     STR_INIT("HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n"), OK, "204 1.1 none close"},
    {"304 has none, whatever its length", STR_INIT("HTTP/1.1 304 X\r\nContent-Length: 3\r\n\r\n"),
     OK, "304 1.1 none keep"},
    {"an empty reason", STR_INIT("HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n"), OK,
     "500 1.1 none keep"},
    {"no reason", STR_INIT("HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n"), OK, "500 1.1 none keep"},
    {"a reason with obs-text and tabs",
     STR_INIT("HTTP/1.1 404 \xe9\t x\r\nContent-Length:0\r\n\r\n"), OK, "404 1.1 none keep"},
    {"the lowest status", STR_INIT("HTTP/1.1 100 \r\n\r\n"), OK, "100 1.1 none keep"},
    {"the highest status", STR_INIT("HTTP/1.1 599 \r\n\r\n"), OK, "599 1.1 until-close close"},
    {"no Host is wanted, nor judged", STR_INIT(S200 "Host: a b\r\nContent-Length: 0\r\n\r\n"), OK,
     "200 1.1 none keep"},
    {"a status below", STR_INIT("HTTP/1.1 099 \r\n"), INVALID, "a malformed status"},
    {"a status above", STR_INIT("HTTP/1.1 600 \r\n"), INVALID, "a malformed status"},
    {"two digits", STR_INIT("HTTP/1.1 20 \r\n"), INVALID, "a malformed status"},
    {"four digits", STR_INIT("HTTP/1.1 2000 \r\n"), INVALID, "a line does not end in CRLF"},
    {"no status", STR_INIT("HTTP/1.1 OK\r\n"), INVALID, "a malformed status"},
    {"two spaces", STR_INIT("HTTP/1.1  200\r\n"), INVALID, "a malformed status"},
    {"a reason behind no space", STR_INIT("HTTP/1.1 200OK\r\n"), INVALID,
     "a line does not end in CRLF"},
    {"no space", STR_INIT("HTTP/1.1\r\n"), INVALID, "no space before the status"},
    {"a control character in a reason", STR_INIT("HTTP/1.1 200 \x01\r\n"), INVALID,
     "a line does not end in CRLF"},
    {"a bare LF", STR_INIT("HTTP/1.1 200 OK\n\n"), INVALID, "a line does not end in CRLF"},
    {"an empty line before it", STR_INIT("\r\n" S200 "\r\n"), INVALID, "a malformed version"},
    {"another version", STR_INIT("HTTP/2.0 200 OK\r\n"), UNSUPPORTED,
     "another version than HTTP/1"},
    {"another protocol", STR_INIT("ICY 200 OK\r\n"), INVALID, "a malformed version"},
    {"a folded line", STR_INIT(S200 "A: b\r\n c\r\n\r\n"), INVALID,
     "a malformed field name or a folded line"},
    {"length and coding",
     STR_INIT(S200 "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), INVALID,
     "both Content-Length and Transfer-Encoding"},
    {"two equal lengths", STR_INIT(S200 "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
     INVALID, "more than one Content-Length"},
    {"another coding", STR_INIT(S200 "Transfer-Encoding: gzip\r\n\r\n"), UNSUPPORTED,
     "another transfer coding than chunked"},
    {"chunked in 1.0", STR_INIT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), INVALID,
     "Transfer-Encoding in HTTP/1.0"},
    {"nothing", STR_INIT(""), INCOMPLETE, NULL},
    {"half a status", STR_INIT("HTTP/1.1 20"), INCOMPLETE, NULL},
    {"half a reason", STR_INIT("HTTP/1.1 200 O"), INCOMPLETE, NULL},
};

/* clang-format on */

typedef enum http_parse_result parse_fn(struct str in, struct http_head *ret_head);

static enum http_parse_result parse_response(struct str in, struct http_head *ret_head)
{
    return http_parse_response(in, false, ret_head);
}

static void render(const struct http_head *h, char *out, size_t size)
{
    static const char *const framings[] = {"none", "length", "chunked", "until-close"};
    char start[128], body[32];
    if (h->status)
        (void)snprintf(start, sizeof(start), "%u", h->status);
    else
        (void)snprintf(start, sizeof(start), "%" STR_F " %" STR_F " %" STR_F, STR_A(h->method),
                       STR_A(h->target), STR_A(h->host));
    if (h->framing == HTTP_BODY_LENGTH)
        (void)snprintf(body, sizeof(body), "%llu", (unsigned long long)h->content_length);
    else
        (void)snprintf(body, sizeof(body), "%s", framings[h->framing]);
    (void)snprintf(out, size, "%s 1.%u %s %s%s%s", start, h->minor_version, body,
                   h->keep_alive ? "keep" : "close", h->expects_continue ? " continue" : "",
                   h->upgrade ? " upgrade" : "");
}

/* From memory of exactly that length, so that a byte too far is found. */
static enum http_parse_result parse_copy(parse_fn *parse, struct str in, struct http_head *head)
{
    char *copy = xmalloc(in.len);
    memcpy(copy, in.at, in.len);
    enum http_parse_result result = parse(str_of(copy, in.len), head);
    free(copy);
    return result;
}

static void check_whole(const struct parse_case *c, parse_fn *parse)
{
    static struct http_head head;
    char got[256];
    enum http_parse_result result = parse(c->bytes, &head);
    CHECK_CASE(c, result == c->result, "result %d, %s", result, head.why ? head.why : "");
    if (result == HTTP_PARSE_INCOMPLETE)
        return;
    if (result == HTTP_PARSE_OK)
        render(&head, got, sizeof(got));
    else
        (void)snprintf(got, sizeof(got), "%s", head.why);
    CHECK_CASE(c, strcmp(got, c->want) == 0, "got '%s'", got);
}

/* One byte more at each call: incomplete, until it is what the whole is, which then stays. */
static void check_pieces(const struct parse_case *c, parse_fn *parse)
{
    static struct http_head head;
    enum http_parse_result last = HTTP_PARSE_INCOMPLETE;
    size_t settled_at = 0;
    for (size_t len = 0; len <= c->bytes.len; len++) {
        enum http_parse_result result = parse_copy(parse, str_head(c->bytes, len), &head);
        CHECK_CASE(c, last == HTTP_PARSE_INCOMPLETE || result == last, "%d after %d at %zu", result,
                   last, len);
        if (last == HTTP_PARSE_INCOMPLETE && result != HTTP_PARSE_INCOMPLETE)
            settled_at = len;
        last = result;
    }
    CHECK_CASE(c, last == c->result, "result %d", last);
    CHECK_CASE(c, last != HTTP_PARSE_OK || settled_at == head.size, "at %zu", settled_at);
}

static void request_heads(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, requests) {
        check_whole(c, http_parse_request);
        check_pieces(c, http_parse_request);
    }
}

static void response_heads(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, responses) {
        check_whole(c, parse_response);
        check_pieces(c, parse_response);
    }
}

static void an_answer_to_head_has_no_body(void **state)
{
    (void)state;
    static struct http_head head;
    static const struct str answers[] = {
        STR_INIT(S200 "Content-Length: 5\r\n\r\n"),
        STR_INIT(S200 "Transfer-Encoding: chunked\r\n\r\n"),
        STR_INIT(S200 "\r\n"),
    };
    FOR_EACH_CASE (answer, answers) {
        assert_int_equal(http_parse_response(*answer, true, &head), HTTP_PARSE_OK);
        assert_int_equal(head.framing, HTTP_BODY_NONE);
        assert_int_equal(head.content_length, 0);
        assert_true(head.keep_alive);
    }
}

static void fields_are_views_without_white_space(void **state)
{
    (void)state;
    static struct http_head head;
    struct str in =
        STR("GET /x HTTP/1.1\r\nHost:h\r\nX-A: \t a b \t \r\nx-a:\r\nX-B:\xff\r\n\r\nrest");
    assert_int_equal(http_parse_request(in, &head), HTTP_PARSE_OK);
    assert_int_equal(head.header_count, 4);
    assert_int_equal(head.size, in.len - 4);

    assert_str_equal(head.headers[0].name, STR("Host"));
    assert_str_equal(head.headers[0].value, STR("h"));
    assert_str_equal(head.headers[1].name, STR("X-A"));
    assert_str_equal(head.headers[1].value, STR("a b"));
    assert_str_equal(head.headers[2].value, STR(""));
    assert_str_equal(head.headers[3].value, STR("\xff"));
    assert_ptr_equal(head.target.at, in.at + 4);

    const struct header *found = http_find_header(head.headers, head.header_count, STR("x-a"));
    assert_ptr_equal(found, &head.headers[1]);
    assert_null(http_find_header(head.headers, head.header_count, STR("x-c")));
    assert_null(http_find_header(NULL, 0, STR("x-a")));
}

/* `count` fields of which one is Host. */
static enum http_parse_result parse_many(size_t count, struct http_head *head)
{
    static char text[8192];
    size_t len = (size_t)snprintf(text, sizeof(text), GET);
    for (size_t i = 1; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "X-%zu: %zu\r\n", i, i);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "\r\n");
    return http_parse_request(str_of(text, len), head);
}

static void fields_are_counted(void **state)
{
    (void)state;
    static struct http_head head;
    assert_int_equal(parse_many(HTTP_HEADERS_MAX, &head), HTTP_PARSE_OK);
    assert_int_equal(head.header_count, HTTP_HEADERS_MAX);
    assert_int_equal(parse_many(HTTP_HEADERS_MAX + 1, &head), MANY);
    assert_string_equal(head.why, "too many fields");
}

static void a_head_that_was_used_before_leaves_no_trace(void **state)
{
    (void)state;
    static struct http_head head;
    memset(&head, 0xff, sizeof(head));
    assert_int_equal(http_parse_request(STR(GET "\r\n"), &head), HTTP_PARSE_OK);
    assert_int_equal(head.header_count, 1);
    assert_int_equal(head.status, 0);
    assert_false(head.upgrade);
    assert_false(head.expects_continue);
    assert_int_equal(head.content_length, 0);
    assert_null(head.why);
}

/* RFC 9110, 5.6.2 and 5.5, for each byte. */
static void character_classes(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool alphanumeric =
            (i >= '0' && i <= '9') || (i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z');
        bool token = alphanumeric || (i && strchr("!#$%&'*+-.^_`|~", i));
        bool value = i == '\t' || (i >= ' ' && i != 0x7f);
        assert_int_equal(http_is_token(str_of(&c, 1)), token);
        assert_int_equal(http_is_field_value(str_of(&c, 1)), value);
    }
    assert_false(http_is_token(STR("")));
    assert_false(http_is_token(STR("a b")));
    assert_true(http_is_token(STR("Content-Type")));
    assert_true(http_is_field_value(STR("")));
    assert_false(http_is_field_value(STR("a\r\nb: c")));
}

static void reasons(void **state)
{
    (void)state;
    assert_string_equal(http_reason(100), "Continue");
    assert_string_equal(http_reason(200), "OK");
    assert_string_equal(http_reason(404), "Not Found");
    assert_string_equal(http_reason(511), "Network Authentication Required");
    assert_string_equal(http_reason(0), "");
    assert_string_equal(http_reason(299), "");
    assert_string_equal(http_reason(512), "");
    assert_string_equal(http_reason(999), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_heads),
        cmocka_unit_test(response_heads),
        cmocka_unit_test(an_answer_to_head_has_no_body),
        cmocka_unit_test(fields_are_views_without_white_space),
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(a_head_that_was_used_before_leaves_no_trace),
        cmocka_unit_test(character_classes),
        cmocka_unit_test(reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
