exports.factor = 7;
