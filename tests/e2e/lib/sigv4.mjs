// Who signed a request, by the AWS SDK's own signer: it signs anew what was received, and what comes
// out is compared.
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";

const shape = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}$/;

// As the SDK gives it to its signer: one decoded value for each name, or a list.
function queryOf(search) {
  const query = {};
  for (const [name, value] of new URLSearchParams(search.replaceAll("+", "%2B")))
    query[name] = name in query ? [query[name], value].flat() : value;
  return query;
}

// The Authorization that the SDK would have sent.
async function resign({ request, raw }, { key, region, service, names, date }) {
  const [path, search = ""] = request.url.split("?");
  const headers = Object.fromEntries(names.filter((name) => !/^x-amz-(date|security-token)$/.test(name)).map((name) => [name, request.headers[name]]));
  const signer = new SignatureV4({ credentials: key, region, service, sha256: Sha256, applyChecksum: false });
  const signed = await signer.sign(
    { method: request.method, protocol: "https:", hostname: request.headers.host, path, query: queryOf(search), headers, body: raw },
    { signingDate: date },
  );
  return signed.headers.authorization;
}

// "20150830T123600Z"
const dateOf = (text) => new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));

// A `refuse` for startLambda, or of any server whose calls have { request, raw }: answers as AWS does
// what is not signed with one of the keys ({ accessKeyId, secretAccessKey, sessionToken }). `keys` may
// change while it runs. Notes the scope in call.identity.
export function demandSignature(keys, { region, service }) {
  return async (call) => {
    const { headers } = call.request;
    if (!headers.authorization) return [403, "MissingAuthenticationTokenException", "Missing Authentication Token"];
    const match = shape.exec(headers.authorization);
    if (!match) return [403, "IncompleteSignatureException", "the header is malformed"];
    const [, accessKeyId, day, writtenRegion, writtenService, list] = match, names = list.split(";");
    call.identity = { accessKeyId, region: writtenRegion, service: writtenService, names };
    const key = keys.find((k) => k.accessKeyId === accessKeyId);
    if (!key || (key.sessionToken ?? "") !== (headers["x-amz-security-token"] ?? ""))
      return [403, "UnrecognizedClientException", "The security token included in the request is invalid."];
    const date = dateOf(headers["x-amz-date"] ?? "");
    if (!(Math.abs(Date.now() - date) <= 5 * 60e3))
      return [403, "InvalidSignatureException", `Signature expired: ${headers["x-amz-date"]} is now earlier than another time`];
    const mine = ["host", ...Object.keys(headers).filter((name) => name.startsWith("x-amz-"))];
    const wrong = writtenRegion !== region || writtenService !== service || day !== headers["x-amz-date"].slice(0, 8) ||
      mine.some((name) => !names.includes(name)) ||
      headers.authorization !== await resign(call, { key, region, service, names, date });
    // what AWS adds here contains the session token
    if (wrong)
      return [403, "InvalidSignatureException", `The request signature we calculated does not match.\n\nThe Canonical String should have been\n'${call.request.method}\nx-amz-security-token:${headers["x-amz-security-token"]}'`];
  };
}
