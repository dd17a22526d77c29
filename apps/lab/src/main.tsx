import { render } from "preact";
import { App } from "./app.tsx";
import { verifyCalls } from "./model/verify-calls.ts";

const root = document.querySelector("#lab");
if (root === null) throw new Error("index.html has no #lab: expected the place for the page");
render(<App />, root);
// After the first paint. A page that was loaded once then needs no network any more.
setTimeout(() => verifyCalls.begin());
