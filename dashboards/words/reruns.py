"""Words of the section in which analysts start runs again."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "runs_title": ("重新运行", "Run again"),
    "runs_note": (
        "经 Dagster 运行，只有分析员可见。未通过核对的结果不会发布，现有版本不受影响。",
        "Through Dagster, for analysts only. Nothing that fails its checks is published; the edition shown stays.",
    ),
    "runs_what": ("运行什么", "What to run"),
    "runs_all": ("全部", "Everything"),
    "runs_dataset": ("一个数据集", "A dataset"),
    "runs_table": ("一张表", "A table"),
    "runs_asset": ("表", "Table"),
    "runs_onward": ("连同由它算出的一切，并发布新版", "With everything made of it, and publish"),
    "runs_publishes": (
        "将重做 {n} 项，成功后发布新版。",
        "Makes {n} parts anew and publishes an edition if all is well.",
    ),
    "runs_only": ("只重做 {n} 项，不发布。", "Makes {n} part anew; nothing is published."),
    "runs_start": ("开始运行", "Start"),
    "runs_busy": ("已有运行在进行。", "A run is at work."),
    "runs_none": ("还没有运行过。", "There has been no run yet."),
    "runs_waiting": ("等待开始", "waiting to begin"),
    "runs_at_work": ("运行中：已完成 {n} / {all} 项", "At work: {n} of {all} parts done"),
    "runs_success": ("{when} 运行成功，完成 {n} 项。", "Ended well at {when}; {n} parts made."),
    "runs_failure": ("{when} 运行失败，未发布。", "The run failed at {when}; nothing was published."),
    "runs_canceled": ("已被中止。", "It was stopped."),
    "runs_no_step": ("没有步骤报告原因；请看 Dagster 的运行记录。", "No step gave a reason; see the run in Dagster."),
    "runs_not_started": ("未能开始。", "It could not be started."),
    "runs_no_answer": ("Dagster 没有回应。", "Dagster does not answer."),
    "runs_asked": ("由 {who} 启动", "started by {who}"),
    "runs_scheduled": ("按计划启动", "on schedule"),
    "error_DagsterAssetCheckFailedError": (
        "有交付未通过合同或整批核对；原因见页面上方",
        "a delivery failed its contract or a guard; the reason stands above",
    ),
    "error_AuditFailed": ("新版未通过发布前的审计", "the new edition failed its audit"),
    "error_ConfigurationError": ("配置有误，见 city.yaml", "the configuration is wrong, see city.yaml"),
    "error_ContractError": ("数据合同有误", "a data contract is wrong"),
    "error_SqlFileError": ("SQL 文件有误", "a file of SQL is wrong"),
    "error_WarehouseBusy": ("另一次刷新正在写入，请稍后再试", "another refresh is writing; try again later"),
    "error_SourceFailed": ("来源无法读取", "a source could not be read"),
    "error_TableFailed": ("表无法算出", "a table could not be made"),
    "error_PermissionError": ("文件没有读写权限", "a file may not be read or written"),
    "error_other": ("出错（{kind}）", "an error ({kind})"),
}
