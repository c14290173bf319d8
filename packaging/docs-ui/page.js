// SPDX-License-Identifier: Apache-2.0
// Shows the document beside this page. Nothing is asked of other hosts, and nothing is kept: a token
// is forgotten with the page.
/* global SwaggerUIBundle */
"use strict";

// There is one server, this one: nothing to choose from.
const withoutServers = { wrapComponents: { ServersContainer: () => () => null } };

const ui = SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#page",
  plugins: [withoutServers],
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  queryConfigEnabled: false,
  validatorUrl: null,
  onComplete() {
    const title = ui.specSelectors.info().get("title");
    if (title) document.title = title;
  },
});
