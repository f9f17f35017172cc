#pragma once

/// Marks what a shared libbrood exports; everything else in it is hidden. An exception type needs
/// the mark too, or a handler in another module does not recognise it.
#define BROOD_API __attribute__((visibility("default")))
