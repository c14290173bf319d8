// AWS Signature Version 4 for execute-api, as a function that pushes signs.
import { createHash, createHmac } from "node:crypto";

const SERVICE = 'execute-api';

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** As RFC 3986 has it: encodeURIComponent leaves five characters more. */
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** The headers of a request signed with AWS Signature Version 4. */
export function sign({ method, url, body, region, credentials, date = new Date() }) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const time = date.toISOString().replace(/[-:]|\.\d{3}/g, ''); // 20150830T123600Z
  const scope = [time.slice(0, 8), region, SERVICE, 'aws4_request'];
  const headers = { host: url.host, 'x-amz-content-sha256': sha256(body), 'x-amz-date': time };
  if (sessionToken) headers['x-amz-security-token'] = sessionToken;

  const names = Object.keys(headers); // in the order of the alphabet already
  const path = url.pathname.split('/').map(encode).join('/'); // what is encoded is encoded again
  const fields = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = [method, path, '', fields, names.join(';'), sha256(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n');
  const key = scope.reduce(hmac, `AWS4${secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join('/')}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}
