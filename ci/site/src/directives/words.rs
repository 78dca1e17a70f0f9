//! What figures say, in both languages. `{}` is replaced in order by [`fill`].

use book::Edition;

pub(super) struct Words {
    pub received_by: &'static str,
    pub waterfall: &'static str,
    pub waterfall_desc: &'static str,
    pub services: &'static str,
    pub as_table: &'static str,
    pub trace: &'static str,
    pub later: &'static str,
    pub link: &'static str,
    pub number: &'static str,
    pub span: &'static str,
    pub start: &'static str,
    pub duration: &'static str,
    pub remarks: &'static str,
    pub error: &'static str,
    pub remote_parent: &'static str,
    pub attributes: &'static str,
    pub times: &'static str,
    pub metric: &'static str,
    pub meaning_and_series: &'static str,
    pub by_convention: &'static str,
    pub observations: &'static str,
    pub record: &'static str,
    pub in_span: &'static str,
    pub own_names: &'static str,
    pub meaning: &'static str,
    pub values: &'static str,
    pub lower: &'static str,
    pub higher: &'static str,
    pub logarithmic: &'static str,
    pub case: &'static str,
    pub subject: &'static str,
    pub interval: &'static str,
    pub this_listing: &'static str,
    pub measured_on: &'static str,
    pub machine: &'static str,
    pub versions: &'static str,
    pub changed_since: &'static str,
    pub dependency: &'static str,
    pub version: &'static str,
    pub what_for: &'static str,
    pub in_tests: &'static str,
    pub this_workspace: &'static str,
    pub download: &'static str,
    pub unpack: &'static str,
    pub value: &'static str,
    pub list_separator: &'static str,
    pub comma: &'static str,
    pub full_stop: &'static str,
    pub full_stop_space: &'static str,
    pub space: &'static str,
    pub open: &'static str,
    pub close: &'static str,
}

static EN: Words = Words {
    received_by: "received by {}",
    waterfall: "Trace waterfall “{}”",
    waterfall_desc: "Spans: {}, traces: {}, longest trace: {}. The table below the drawing says the same.",
    services: "Services",
    as_table: "The same as a table",
    trace: "Trace {}",
    later: "starts {} later",
    link: "link → {}",
    number: "#",
    span: "Span",
    start: "Start",
    duration: "Duration",
    remarks: "Remarks",
    error: "error: {}",
    remote_parent: "parent in another process",
    attributes: "Attributes",
    times: "{} times",
    metric: "Metric",
    meaning_and_series: "Meaning and series",
    by_convention: "As the semantic conventions define it.",
    observations: "{} measurements",
    record: "Record",
    in_span: "in span {}",
    own_names: "Name of our own",
    meaning: "Meaning",
    values: " Values: ",
    lower: "lower is better",
    higher: "higher is better",
    logarithmic: "logarithmic scale",
    case: "Case",
    subject: "Subject",
    interval: "Interval",
    this_listing: "this listing",
    measured_on: "Measured on {} with {}",
    machine: "Machine: {}, {} cores, {} GiB, {}, kernel {}.",
    versions: "Versions: {}.",
    changed_since: "The code has changed since this was measured: {}.",
    dependency: "Crate",
    version: "Version",
    what_for: "What for",
    in_tests: "in tests and benchmarks",
    this_workspace: "this workspace",
    download: "Download this listing: {}",
    unpack: "It is a workspace of its own, with every version locked: unpack it and run `cargo test`.",
    value: "value",
    list_separator: ", ",
    comma: ", ",
    full_stop: ".",
    full_stop_space: ". ",
    space: " ",
    open: " (",
    close: ")",
};

static ZH: Words = Words {
    received_by: "由 {} 接收",
    waterfall: "链路瀑布图“{}”",
    waterfall_desc: "Span：{} 个，链路：{} 条，最长的链路历时 {}。图下的表格内容相同。",
    services: "服务",
    as_table: "以表格查看",
    trace: "链路 {}",
    later: "晚 {} 开始",
    link: "链接 → {}",
    number: "#",
    span: "Span",
    start: "开始",
    duration: "历时",
    remarks: "备注",
    error: "错误：{}",
    remote_parent: "父级在另一个进程",
    attributes: "属性",
    times: "{} 次",
    metric: "指标",
    meaning_and_series: "含义与序列",
    by_convention: "含义见 OpenTelemetry 语义约定。",
    observations: "{} 次测量",
    record: "记录",
    in_span: "写于 Span {}",
    own_names: "自定义名称",
    meaning: "含义",
    values: "取值：",
    lower: "越低越好",
    higher: "越高越好",
    logarithmic: "对数刻度",
    case: "场景",
    subject: "对象",
    interval: "区间",
    this_listing: "本章程序",
    measured_on: "{} 测得，命令 {}",
    machine: "机器：{}，{} 核，{} GiB 内存，{}，内核 {}。",
    versions: "版本：{}。",
    changed_since: "测量之后代码已有改动：{}。",
    dependency: "Crate",
    version: "版本",
    what_for: "用途",
    in_tests: "用于测试和基准",
    this_workspace: "本工作区",
    download: "下载本章程序：{}",
    unpack: "压缩包自成一个工作区，所有版本都已锁定：解压后运行 `cargo test` 即可。",
    value: "值",
    list_separator: "、",
    comma: "，",
    full_stop: "。",
    full_stop_space: "。",
    space: "",
    open: "（",
    close: "）",
};

/// The words of an edition.
pub(super) fn words(edition: Edition) -> &'static Words {
    match edition {
        Edition::En => &EN,
        Edition::Zh => &ZH,
    }
}

/// Puts `values` where `template` has `{}`.
pub(super) fn fill(template: &str, values: &[&str]) -> String {
    let mut pieces = template.split("{}");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for (piece, value) in pieces.zip(values) {
        out.push_str(value);
        out.push_str(piece);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills() {
        assert_eq!(fill("{} with {}.", &["a", "b"]), "a with b.");
        assert_eq!(fill(words(Edition::Zh).times, &["3"]), "3 次");
    }
}
