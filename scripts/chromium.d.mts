/** Path of a Chromium: what `XSP_CHROMIUM` names, or the first of the usual places; undefined when there is none. */
export const chromiumPath: string | undefined;
/** What is said where there is none. */
export const noChromium: string;
