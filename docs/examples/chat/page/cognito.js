// SPDX-License-Identifier: Apache-2.0
// The calls of Cognito's API that a page needs. They are plain HTTP, so there is no library.

/** What Cognito said no to; `type` is its name for it. Without a type nobody answered. */
export class CognitoError extends Error {
  constructor(type, message) {
    super(message);
    this.type = type;
  }
}

/** Where its own words would not help who reads them. */
const words = {
  CodeMismatchException: 'That is not the code.',
  ExpiredCodeException: 'The code has expired.',
  NotAuthorizedException: 'E-mail or password is wrong.',
  UserNotFoundException: 'E-mail or password is wrong.',
  UsernameExistsException: 'Somebody has signed up with this e-mail already.',
  TooManyRequestsException: 'Too many tries. Wait a moment.',
};

export class Cognito {
  constructor({ cognitoEndpoint, clientId }) {
    this.endpoint = cognitoEndpoint;
    this.clientId = clientId;
  }

  async call(action, input) {
    let answer, output;
    try {
      answer = await fetch(this.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSCognitoIdentityProviderService.${action}` },
        body: JSON.stringify({ ClientId: this.clientId, ...input }),
      });
      output = await answer.json();
    } catch {
      throw new CognitoError(undefined, `The user pool does not answer at ${this.endpoint}`);
    }
    if (answer.ok) return output;
    const type = String(output.__type).split('#').pop(); // some prefix it
    throw new CognitoError(type, words[type] ?? output.message ?? type);
  }

  signUp({ email, password, name }) {
    const UserAttributes = [{ Name: 'email', Value: email }, { Name: 'name', Value: name }];
    return this.call('SignUp', { Username: email, Password: password, UserAttributes });
  }

  confirm({ email, code }) {
    return this.call('ConfirmSignUp', { Username: email, ConfirmationCode: code });
  }

  signIn({ email, password }) {
    return this.authenticate('USER_PASSWORD_AUTH', { USERNAME: email, PASSWORD: password });
  }

  refresh(token) {
    return this.authenticate('REFRESH_TOKEN_AUTH', { REFRESH_TOKEN: token });
  }

  /** IdToken, AccessToken and, when somebody signs in, RefreshToken. */
  async authenticate(AuthFlow, AuthParameters) {
    const { AuthenticationResult, ChallengeName } = await this.call('InitiateAuth', { AuthFlow, AuthParameters });
    if (!AuthenticationResult) throw new CognitoError(ChallengeName, `The user pool asks for more than this page knows of: ${ChallengeName}.`);
    return AuthenticationResult;
  }
}
